"""Options of commands that measure several networks in turn, or predict them: which ones, and where turns are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from mbconv_cli.commands.options import MEASURING, NETWORK

ConditionsOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Take networks that satisfy it, e.g. 'resolution <= 224' or 'macs <= 600M'; several hold together.",
        show_default=False,
        rich_help_panel=NETWORK,
    ),
]
ResumeOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--resume",
        metavar="FILE",
        help="Keep every measured turn in this file (JSON lines), and repeat none that it has.",
        show_default=False,
        rich_help_panel=MEASURING,
    ),
]
PredictOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--predict",
        metavar="FILE",
        help="Predict latency from a table that `mbconv table build` measured on this machine, in place of measuring.",
        show_default=False,
        rich_help_panel=MEASURING,
    ),
]

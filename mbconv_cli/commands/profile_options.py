"""The options of `mbconv profile` that say which rows are shown, whether they are measured, and how precisely."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from mbconv_cli.analysis.columns import COSTS, LATENCY
from mbconv_cli.analysis.grouping import LABELS, By
from mbconv_cli.commands.form_options import FORM
from mbconv_cli.commands.options import MEASURING
from mbconv_cli.measure.budget import DEFAULT_PRECISION, DEFAULT_PROCESSES, DEFAULT_SECONDS, PRECISE_SECONDS
from mbconv_cli.measure.execution import Backend

ROWS: Final = "Rows"

ByOption = Annotated[
    By | None,
    typer.Option(
        "--by",
        metavar="ROWS",
        case_sensitive=False,
        help="What a row is: layer, block, stage, role, module, or kernel (on an accelerator).",
        show_default="stages and the ten costliest layers",
        rich_help_panel=ROWS,
    ),
]
DepthOption = Annotated[
    int | None,
    typer.Option(
        "--depth",
        metavar="N",
        min=1,
        max=100,
        help="With --by module: how many parts of a module's path make a row.",
        show_default="1",
        rich_help_panel=ROWS,
    ),
]
ViewsOption = Annotated[
    bool,
    typer.Option(
        "--views",
        help="Of code: show its views (view, permute, split, ...) as rows, too; they move no bytes.",
        show_default=False,
        rich_help_panel=ROWS,
    ),
]
BackendOption = Annotated[
    Backend,
    typer.Option(
        "--backend",
        metavar="BACKEND",
        case_sensitive=False,
        help="What runs the network: torch, or onnxruntime, on the CPU (pip install 'mbconv-cli[onnx]').",
        rich_help_panel=FORM,
    ),
]
TopOption = Annotated[
    int | None,
    typer.Option(
        "--top",
        metavar="N",
        min=1,
        help="Show this many rows, and sum up the others.",
        show_default="all",
        rich_help_panel=ROWS,
    ),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort",
        autocompletion=lambda: [column.key for column in (*LABELS[By.LAYER], *COSTS, *LATENCY)],
        metavar="COLUMN",
        help="Sort by a column, e.g. macs or latency_ms.",
        show_default="running order",
        rich_help_panel=ROWS,
    ),
]
LatencyOption = Annotated[
    bool,
    typer.Option(
        "--latency/--no-latency",
        help="Measure latency, or give only the exact figures, without torch.",
        rich_help_panel=MEASURING,
    ),
]
PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="SHARE",
        help="Measure until the end-to-end latency is known within this share, with 95 % confidence, e.g. 1%.",
        show_default=f"{DEFAULT_PRECISION:.0%}",
        rich_help_panel=MEASURING,
    ),
]
MaxTimeOption = Annotated[
    float | None,
    typer.Option(
        "--max-time",
        metavar="SECONDS",
        help="Stop after this time, warm-up included, as soon as there are enough processes for an interval.",
        show_default=f"{DEFAULT_SECONDS:g}, or {PRECISE_SECONDS:g} with --precision",
        rich_help_panel=MEASURING,
    ),
]
ProfileProcessesOption = Annotated[
    int | None,
    typer.Option(
        "--processes",
        metavar="N",
        min=1,
        max=1_000,
        help="Number of fresh processes to measure in, since each runs at its own pace; 1 measures in this process.",
        show_default=f"{DEFAULT_PROCESSES}, fewer of a slow network, more for --precision; "
        "1 with --mode compile or onnxruntime",
        rich_help_panel=MEASURING,
    ),
]
LaunchTimesOption = Annotated[
    bool,
    typer.Option(
        "--launch-times",
        help="On an accelerator: how long Python takes to launch the ops of every row.",
        show_default=False,
        rich_help_panel=ROWS,
    ),
]
RooflineOption = Annotated[
    bool,
    typer.Option(
        "--roofline/--no-roofline",
        help="Show how near every row comes to the limits of this machine, which are measured once and kept.",
        rich_help_panel=MEASURING,
    ),
]
RecalibrateOption = Annotated[
    bool,
    typer.Option(
        "--recalibrate",
        help="With --roofline: measure the limits of this machine again.",
        show_default=False,
        rich_help_panel=MEASURING,
    ),
]

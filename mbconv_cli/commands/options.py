"""The arguments and options that commands share, with their help and their completion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from mbconv_cli.analysis.measuring import DEFAULT_PROCESSES
from mbconv_cli.render.registry import Format
from mbconv_cli.runtime.devices import AUTO, DEVICE_TYPES
from mbconv_cli.runtime.processes import MIN_PROCESSES
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.values import MAX_RESOLUTION


def complete_network(incomplete: str) -> list[str]:
    """Names and YAML files that begin so."""
    names = [name for name in shipped() if name.startswith(incomplete)]
    files = Path().glob(f"{incomplete}*") if "*" not in incomplete and not incomplete.startswith("/") else ()
    return names + [str(path) for path in files if path.suffix in {".yaml", ".yml"}]


NetworkArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK",
        help="A name that `mbconv list` shows, a path to a YAML file, or - for standard input.",
        autocompletion=complete_network,
        show_default=False,
    ),
]
ResolutionOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--resolution", min=1, max=MAX_RESOLUTION, help="Height and width in pixels.", show_default="the network's"
    ),
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change the network first, e.g. 'blocks[2:].se_ratio=0' or activation=relu; may be given again.",
        show_default=False,
    ),
]
DeviceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--device",
        help="auto (an accelerator if there is one), cpu, cuda, cuda:N, mps or xpu.",
        show_default=AUTO,
        autocompletion=lambda: [AUTO, *DEVICE_TYPES],
    ),
]
BatchOption: TypeAlias = Annotated[
    int, typer.Option("--batch-size", min=1, max=1_000_000, help="Images in a batch; MACs and bytes are the batch's.")
]
ThreadsOption: TypeAlias = Annotated[
    int | None, typer.Option("--threads", min=1, max=1_024, help="Threads on the CPU.", show_default="torch's choice")
]
MeasureOption: TypeAlias = Annotated[
    bool, typer.Option("--measure/--no-measure", help="Build it in PyTorch and measure, in several fresh processes.")
]
ProcessesOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--processes",
        min=MIN_PROCESSES,
        max=1_000,
        help="Fresh processes to measure in; more make the interval narrower.",
        show_default=str(DEFAULT_PROCESSES),
    ),
]
FormatOption: TypeAlias = Annotated[
    Format, typer.Option("--format", case_sensitive=False, help="How the report is written.")
]
OutputOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write into this file, atomically.", show_default="standard output"),
]

"""`mbconv profile`."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.profile import LatencyRequest, profile
from mbconv_cli.analysis.view import View
from mbconv_cli.commands.options import (
    ArchDirOption,
    BatchOption,
    DeviceOption,
    FormatOption,
    NetworkArgument,
    OutputOption,
    ResolutionOption,
    SetOption,
    ThreadsOption,
)
from mbconv_cli.commands.output import progress_bar, say, show
from mbconv_cli.errors import InputError
from mbconv_cli.files import demand_place
from mbconv_cli.render.registry import Format
from mbconv_cli.runtime.devices import AUTO, parse_device
from mbconv_cli.runtime.execution import Backend, Execution
from mbconv_cli.spec.catalogue import user_catalogue

ByOption = Annotated[
    By | None,
    typer.Option(
        "--by",
        metavar="ROWS",
        case_sensitive=False,
        help="What a row is: layer, block, stage or role.",
        show_default="layer; block with onnxruntime",
    ),
]
BackendOption = Annotated[
    Backend,
    typer.Option(
        "--backend",
        metavar="BACKEND",
        case_sensitive=False,
        help="What runs the network: torch, or onnxruntime, on the CPU (pip install 'mbconv-cli[onnx]').",
    ),
]
TopOption = Annotated[
    int | None,
    typer.Option("--top", metavar="N", min=1, help="Show so many rows, and sum up the others.", show_default="all"),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort", metavar="COLUMN", help="Sort by a column, e.g. macs or latency_ms.", show_default="running order"
    ),
]
LatencyOption = Annotated[
    bool, typer.Option("--latency/--no-latency", help="Measure, or give only what is exact (without torch).")
]


DEFAULT_ROWS: Final = {Backend.TORCH: By.LAYER, Backend.ONNXRUNTIME: By.BLOCK}


def profile_command(
    network: NetworkArgument,
    device: DeviceOption = None,
    batch_size: BatchOption = 1,
    resolution: ResolutionOption = None,
    overrides: SetOption = None,
    threads: ThreadsOption = None,
    backend: BackendOption = Backend.TORCH,
    by: ByOption = None,
    top: TopOption = None,
    sort: SortOption = None,
    latency: LatencyOption = True,
    output_format: FormatOption = Format.TABLE,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
) -> None:
    """Say what every layer costs: parameters, MACs, bytes, milliseconds.

    The figures are exact, and checked against fvcore; the time is measured, and its spread is told.

    For example:

    - `mbconv profile efficientnet-b0`

    - `mbconv profile mobilenet-v3-large --by stage --threads 1`

    - `mbconv profile efficientnet-b0 --sort latency_ms --top 10`

    - `mbconv profile efficientnet-b0 --set 'blocks[2:].se_ratio=0' --set activation=relu`

    - `mbconv profile mobilenet-v3-large --backend onnxruntime`

    - `mbconv profile ./mine.yaml --no-latency --format json -o mine.json`
    """
    choice = parse_device(device or AUTO)
    view = View(by or DEFAULT_ROWS[backend], sort, top)
    catalogue = user_catalogue(arch_dir or ())
    opened = open_network(network, resolution=resolution, catalogue=catalogue, overrides=overrides or ())
    execution = Execution(batch_size=batch_size, threads=threads, backend=backend)
    if not latency:
        if backend is not Backend.TORCH:
            raise InputError("--backend changes nothing with --no-latency; give one of them")
        if device is not None or threads is not None:
            say("mbconv: warning: --device and --threads change nothing with --no-latency")
        show(profile(opened, execution=execution, view=view), output_format, output)
        return
    from mbconv_cli.runtime.latency import Budget

    if output is not None:
        demand_place(output)
    with progress_bar(f"measuring {opened.plan.name}") as progress:
        request = LatencyRequest(choice, Budget(), progress)
        report = profile(opened, execution=execution, view=view, latency=request)
    show(report, output_format, output)

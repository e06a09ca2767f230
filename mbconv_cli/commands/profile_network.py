"""`mbconv profile`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from mbconv_cli.analysis.batch_sizes import profile_batches
from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile import LatencyRequest, profile
from mbconv_cli.analysis.view import View
from mbconv_cli.commands.forms import (
    BatchSizesOption,
    DtypeOption,
    FoldNormOption,
    MemoryFormatOption,
    ModeOption,
    PassName,
    PassOption,
    demand_measured,
    parse_batch_sizes,
)
from mbconv_cli.commands.measuring import parse_precision, parse_seconds
from mbconv_cli.commands.options import (
    ArchDirOption,
    DeviceOption,
    NetworkArgument,
    OutputOption,
    ProfileFormatOption,
    ResolutionOption,
    SetOption,
    ThreadsOption,
)
from mbconv_cli.commands.output import progress_bar, say, show
from mbconv_cli.errors import InputError
from mbconv_cli.files import demand_place
from mbconv_cli.render.registry import Format
from mbconv_cli.report.model import Report
from mbconv_cli.runtime.budget import DEFAULT_PRECISION, DEFAULT_SECONDS, PRECISE_SECONDS, budget_for
from mbconv_cli.runtime.devices import AUTO, parse_device
from mbconv_cli.runtime.execution import Dtype, Execution, MemoryFormat, Mode, demand_mode
from mbconv_cli.spec.catalogue import user_catalogue

TOTALS_ONLY: Final = (Format.BMF, Format.BENCHMARK_ACTION)
"""Formats that have a network's totals, and no rows."""

ByOption = Annotated[
    By, typer.Option("--by", metavar="ROWS", case_sensitive=False, help="What a row is: layer, block, stage or role.")
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
PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="SHARE",
        help="Measure until half the 95 % interval of the end-to-end median is so small a share of it: 1% or 0.01.",
        show_default=f"{DEFAULT_PRECISION:.0%}",
    ),
]
MaxTimeOption = Annotated[
    float | None,
    typer.Option(
        "--max-time",
        metavar="SECONDS",
        help="Stop then in any case, warm-up included, once a dozen rounds are measured.",
        show_default=f"{DEFAULT_SECONDS:g}, or {PRECISE_SECONDS:g} with --precision",
    ),
]


def profile_command(
    network: NetworkArgument,
    device: DeviceOption = None,
    batch_size: BatchSizesOption = "1",
    resolution: ResolutionOption = None,
    overrides: SetOption = None,
    threads: ThreadsOption = None,
    dtype: DtypeOption = Dtype.FLOAT32,
    memory_format: MemoryFormatOption = MemoryFormat.CONTIGUOUS,
    mode: ModeOption = Mode.EAGER,
    fold_norm: FoldNormOption = False,
    pass_name: PassOption = PassName.FORWARD,
    by: ByOption = By.LAYER,
    top: TopOption = None,
    sort: SortOption = None,
    latency: LatencyOption = True,
    precision: PrecisionOption = None,
    max_time: MaxTimeOption = None,
    output_format: ProfileFormatOption = Format.TABLE,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
) -> None:
    """Say what every layer costs: parameters, MACs, bytes, milliseconds.

    The figures are exact, and checked against fvcore; the time is measured, and its spread is told.

    For example:

    - `mbconv profile efficientnet-b0`

    - `mbconv profile mobilenet-v3-large --by stage --threads 1`

    - `mbconv profile efficientnet-b0 --sort latency_ms --top 10`

    - `mbconv profile mobilenet-v2 --batch-size 1,8,32 --fold-norm --dtype bfloat16`

    - `mbconv profile efficientnet-b0 --set 'blocks[2:].se_ratio=0' --set activation=relu`

    - `mbconv profile efficientnet-b0 --precision 1% --max-time 30`

    - `mbconv profile ./mine.yaml --no-latency --format json -o mine.json`
    """
    choice = parse_device(device or AUTO)
    budget = budget_for(parse_precision(precision), parse_seconds("--max-time", max_time))
    view = View(by, sort, top)
    if output_format in TOTALS_ONLY and view != View():
        raise InputError(f"--by, --sort and --top change nothing in --format {output_format}: it has no rows")
    batch_sizes = parse_batch_sizes(batch_size)
    execution = Execution(
        batch_sizes[0], dtype, memory_format, mode, fold_norm, training=pass_name is PassName.TRAIN, threads=threads
    )
    catalogue = user_catalogue(arch_dir or ())
    opened = open_network(network, resolution=resolution, catalogue=catalogue, overrides=overrides or ())
    if not latency:
        demand_measured(execution, device=device, precision=precision, max_time=max_time)
        show(_profile(opened, batch_sizes, execution, view, None), output_format, output)
        return
    if choice.type != AUTO:
        demand_mode(execution, choice.type)
    if output is not None:
        demand_place(output)
    if mode is Mode.COMPILE:
        say(f"mbconv: compiling {opened.plan.name}; this may take minutes")
    with progress_bar(f"measuring {opened.plan.name}") as progress:
        report = _profile(opened, batch_sizes, execution, view, LatencyRequest(choice, budget, progress))
    show(report, output_format, output)
    if not report.measurement["complete"]:
        raise KeyboardInterrupt  # held back until what had been measured was told


def _profile(
    network: OpenNetwork,
    batch_sizes: Sequence[int],
    execution: Execution,
    view: View,
    latency: LatencyRequest | None,
) -> Report:
    """Of one batch size by itself, of several side by side."""
    if len(batch_sizes) == 1:
        return profile(network, execution=execution, view=view, latency=latency)
    return profile_batches(network, batch_sizes, execution=execution, view=view, latency=latency)

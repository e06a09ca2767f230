"""`mbconv profile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from mbconv_cli.runtime.devices import AUTO, DeviceChoice, parse_device
from mbconv_cli.spec.catalogue import user_catalogue

if TYPE_CHECKING:
    from mbconv_cli.runtime.calibration_cache import Calibration

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
RooflineOption = Annotated[
    bool,
    typer.Option(
        "--roofline/--no-roofline",
        help="Say how near every row comes to what this machine can do, which is measured once and kept.",
    ),
]
RecalibrateOption = Annotated[
    bool,
    typer.Option("--recalibrate", help="With --roofline: measure anew what this machine can do.", show_default=False),
]


def profile_command(
    network: NetworkArgument,
    device: DeviceOption = None,
    batch_size: BatchOption = 1,
    resolution: ResolutionOption = None,
    overrides: SetOption = None,
    threads: ThreadsOption = None,
    by: ByOption = By.LAYER,
    top: TopOption = None,
    sort: SortOption = None,
    latency: LatencyOption = True,
    roofline: RooflineOption = False,
    recalibrate: RecalibrateOption = False,
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

    - `mbconv profile mobilenet-v3-large --by role --roofline`

    - `mbconv profile ./mine.yaml --no-latency --format json -o mine.json`
    """
    choice = parse_device(device or AUTO)
    _demand_effect(latency=latency, roofline=roofline, recalibrate=recalibrate)
    view = View(by, sort, top)
    catalogue = user_catalogue(arch_dir or ())
    opened = open_network(network, resolution=resolution, catalogue=catalogue, overrides=overrides or ())
    if not latency:
        if device is not None or threads is not None:
            say("mbconv: warning: --device and --threads change nothing with --no-latency")
        show(profile(opened, batch_size=batch_size, view=view), output_format, output)
        return
    from mbconv_cli.runtime.latency import Budget

    if output is not None:
        demand_place(output)
    calibration = _calibration(choice, threads, anew=recalibrate) if roofline else None
    with progress_bar(f"measuring {opened.plan.name}") as progress:
        request = LatencyRequest(choice, threads, Budget(), progress)
        report = profile(opened, batch_size=batch_size, view=view, latency=request, calibration=calibration)
    show(report, output_format, output)


def _demand_effect(*, latency: bool, roofline: bool, recalibrate: bool) -> None:
    """Refuse what would change nothing.

    Raises:
        InputError: an option needs another one.
    """
    if roofline and not latency:
        raise InputError("--roofline changes nothing with --no-latency; give one of them")
    if recalibrate and not roofline:
        raise InputError("--recalibrate changes nothing without --roofline; give both or neither")


def _calibration(device: DeviceChoice, threads: int | None, *, anew: bool) -> Calibration:
    """What the device can do at best, with a progress bar if it must be measured."""
    from mbconv_cli.runtime.calibration_cache import calibration

    with progress_bar("measuring what the machine can do") as progress:
        return calibration(device, threads, "float32", anew=anew, progress=progress)

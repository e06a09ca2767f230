"""`mbconv profile`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.profile.benches import LatencyRequest, usual_processes, usual_rows
from mbconv_cli.analysis.view import View
from mbconv_cli.commands.form_options import (
    AllocatorOption,
    BatchSizesOption,
    DtypeOption,
    FoldNormOption,
    MemoryFormatOption,
    ModeOption,
    PassName,
    PassOption,
    ReparameterizeOption,
    Tf32Option,
    parse_batch_sizes,
    require_measured,
)
from mbconv_cli.commands.measuring_options import (
    StrictOption,
    parse_precision,
    parse_seconds,
    require_effect,
    require_usable,
)
from mbconv_cli.commands.options import (
    ArchDirOption,
    ArgOption,
    CodesArgument,
    DeviceOption,
    InputOption,
    OutputOption,
    ProfileFormatOption,
    ResolutionOption,
    SectionOption,
    SetOption,
    ThreadsOption,
)
from mbconv_cli.commands.output import progress_bar, remark, show
from mbconv_cli.commands.profile_options import (
    BackendOption,
    ByOption,
    DepthOption,
    LatencyOption,
    LaunchTimesOption,
    MaxTimeOption,
    PrecisionOption,
    ProfileProcessesOption,
    RecalibrateOption,
    RooflineOption,
    SortOption,
    TopOption,
    ViewsOption,
)
from mbconv_cli.commands.turn_options import PredictOption
from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place
from mbconv_cli.machine.device_choice import AUTO, DeviceChoice, parse_device
from mbconv_cli.measure.budget import Budget, budget_for
from mbconv_cli.measure.execution import Backend, Dtype, Execution, MemoryFormat, Mode, require_supported
from mbconv_cli.render.renderers import Format
from mbconv_cli.report.model import Report
from mbconv_cli.spec.catalogue import user_catalogue

if TYPE_CHECKING:
    from mbconv_cli.analysis.networks import OpenNetwork
    from mbconv_cli.machine.kept_limits import Calibration

TOTALS_ONLY: Final = (Format.BMF, Format.BENCHMARK_ACTION)
"""Formats that have a network's totals, and no rows."""


def profile_command(
    networks: CodesArgument,
    device: DeviceOption = None,
    batch_size: BatchSizesOption = "1",
    resolution: ResolutionOption = None,
    overrides: SetOption = None,
    arguments: ArgOption = None,
    inputs: InputOption = None,
    threads: ThreadsOption = None,
    dtype: DtypeOption = Dtype.FLOAT32,
    memory_format: MemoryFormatOption = MemoryFormat.CONTIGUOUS,
    mode: ModeOption = Mode.EAGER,
    fold_norm: FoldNormOption = False,
    reparameterize: ReparameterizeOption = False,
    pass_name: PassOption = PassName.FORWARD,
    backend: BackendOption = Backend.TORCH,
    allocator: AllocatorOption = None,
    tf32: Tf32Option = None,
    by: ByOption = None,
    depth: DepthOption = None,
    views: ViewsOption = False,
    launch_times: LaunchTimesOption = False,
    top: TopOption = None,
    sort: SortOption = None,
    latency: LatencyOption = True,
    precision: PrecisionOption = None,
    max_time: MaxTimeOption = None,
    processes: ProfileProcessesOption = None,
    predict: PredictOption = None,
    roofline: RooflineOption = False,
    recalibrate: RecalibrateOption = False,
    strict: StrictOption = False,
    output_format: ProfileFormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Profile a network: parameters, MACs, bytes and milliseconds of every layer; or several networks side by side.

    Counts are exact and checked against fvcore; times are measured, each with its interval.

    For example:

    - `mbconv profile efficientnet-b0`

    - `mbconv profile mobilenet-v3-large --by stage --threads 1`

    - `mbconv profile efficientnet-b0 --sort latency_ms --top 10`

    - `mbconv profile mobilenet-v2 --batch-size 1,8,32 --fold-norm --dtype bfloat16`

    - `mbconv profile efficientnet-b0 --set 'blocks[2:].se_ratio=0' --set activation=relu`

    - `mbconv profile efficientnet-b0 --precision 1% --max-time 30`

    - `mbconv profile efficientnet-b0 --batch-size 8 --allocator system`

    - `mbconv profile mobilenet-v3-large --by role --roofline`

    - `mbconv profile mobilenet-v3-large --backend onnxruntime`

    - `mbconv profile mobilenet-v2 mobilenet-v3-large tinynet-a --threads 1`

    - `mbconv profile timm:convnext_tiny --by module --depth 2`

    - `mbconv profile timm:vit_tiny_patch16_224 --views --no-latency`

    - `mbconv profile ./mine.yaml --no-latency --format json -o mine.json`
    """
    batch_sizes = parse_batch_sizes(batch_size)
    training = pass_name is PassName.TRAIN
    execution = Execution(
        batch_sizes[0], dtype, memory_format, mode, fold_norm or reparameterize, training, threads, backend, allocator,
        tf32, reparameterize,
    )  # fmt: skip
    if views and output_format in TOTALS_ONLY:
        raise InputError(f"--views changes nothing in --format {output_format}: it has no rows")
    rows = By.LAYER if views and by is None else by
    view = _view(rows, depth, sort, top, execution, output_format, launches=launch_times)
    budget = budget_for(parse_precision(precision), parse_seconds("--max-time", max_time), processes)
    measuring = _Measuring(parse_device(device or AUTO), budget, processes, roofline, recalibrate)
    _require_roofline(roofline, recalibrate, batch_sizes, execution, latency=latency)
    if len(networks) > 1:
        require_effect(
            "with several networks, which have a row each; give one network",
            by=by, depth=depth, top=top, sort=sort, precision=precision, max_time=max_time,
            roofline=roofline or None, views=views or None, arg=arguments, input=inputs,
        )  # fmt: skip
    _require_one_batch_size(batch_sizes, networks, backend)
    from mbconv_cli.analysis.networks import CodeOptions, open_network  # help needs neither specs nor plans

    catalogue = user_catalogue(arch_dir or ())
    code = CodeOptions(tuple(arguments or ()), tuple(inputs or ()), batch_sizes[0], training, views)
    opened = [
        open_network(reference, resolution=resolution, catalogue=catalogue, overrides=overrides or (), code=code)
        for reference in networks
    ]
    asked = _asked(opened, batch_sizes, execution, view)
    timing = {"device": device, "precision": precision, "max_time": max_time, "processes": processes}
    if predict is not None:
        require_effect(
            "with --predict, which measures nothing: a table is of this machine's CPU",
            **timing, roofline=roofline or None, strict=strict or None, no_latency=None if latency else True,
            views=views or None,
        )  # fmt: skip
        show(_predicted(asked, predict), output_format, output, section)
        return
    if not latency:
        require_measured(asked.execution, **timing, strict=strict or None, launch_times=launch_times or None)
        show(_profile(asked, None, None), output_format, output, section)
        return
    if output is not None:
        require_place(output)
    report = _measured(asked, measuring)
    show(report, output_format, output, section)
    require_usable(report, strict=strict)
    if not report.measurement["complete"]:
        raise KeyboardInterrupt  # held back until what had been measured was shown


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is profiled, and what is shown of it."""

    networks: Sequence[OpenNetwork]
    batch_sizes: Sequence[int]
    execution: Execution
    view: View


@dataclass(frozen=True, slots=True)
class _Measuring:
    """How it is measured."""

    device: DeviceChoice
    budget: Budget
    processes: int | None
    roofline: bool
    recalibrate: bool


def _view(
    by: By | None,
    depth: int | None,
    sort: str | None,
    top: int | None,
    execution: Execution,
    output_format: Format,
    *,
    launches: bool,
) -> View:
    """The rows that were asked for, or else the first screen.

    Raises:
        InputError: an option changes nothing.
    """
    if depth is not None and by is not By.MODULE:
        raise InputError("--depth is for --by module; give both or neither")
    if output_format in TOTALS_ONLY and (by or sort or top):
        raise InputError(f"--by, --sort and --top change nothing in --format {output_format}: it has no rows")
    overview = (by, sort, top) == (None, None, None) and output_format is not Format.CSV
    return View(by or usual_rows(execution), sort, top, overview=overview, depth=depth or 1, launches=launches)


def _require_one_batch_size(batch_sizes: Sequence[int], networks: Sequence[str], backend: Backend) -> None:
    """Refuse several batch sizes where there is place for one.

    Raises:
        InputError: names what does not go together.
    """
    if len(batch_sizes) > 1 and backend is Backend.ONNXRUNTIME:
        raise InputError("several batch sizes with --backend onnxruntime: an export is for one of them; give one")
    if len(batch_sizes) > 1 and len(networks) > 1:
        raise InputError("several batch sizes of several networks: give one batch size, or one network")


def _asked(networks: Sequence[OpenNetwork], batch_sizes: Sequence[int], execution: Execution, view: View) -> _Asked:
    """All of it; the batch of a captured module is that of its inputs, which `--input` may hold."""
    code = networks[0].plan.code
    if code is None or len(batch_sizes) > 1:
        return _Asked(networks, batch_sizes, execution, view)
    return _Asked(networks, (code.batch_size,), replace(execution, batch_size=code.batch_size), view)


def _predicted(asked: _Asked, table_file: Path) -> Report:
    """With the latency that a table gives."""
    from mbconv_cli.analysis.prediction.predicted_profile import predicted_profile
    from mbconv_cli.analysis.prediction.table_file import read_table, require_form

    if len(asked.networks) > 1:
        raise InputError("--predict with several networks: `mbconv frontier --predict` has them in one table")
    latency_table = read_table(table_file)
    require_form(latency_table, replace(asked.execution, batch_size=asked.batch_sizes[-1]))
    return predicted_profile(asked.networks[0], latency_table, asked.view)


def _measured(asked: _Asked, measuring: _Measuring) -> Report:
    """With latencies that are measured here, and a progress bar."""
    from mbconv_cli.commands.several_networks import profile_several

    execution, network = asked.execution, asked.networks[0]
    if measuring.device.type != AUTO:
        require_supported(execution, measuring.device.type)
    if len(asked.networks) > 1:
        return profile_several(asked.networks, execution, measuring.device, measuring.processes)
    if execution.mode is Mode.COMPILE:
        remark(f"compiling {network.plan.name}; this may take minutes")
    limits = _calibration(measuring.device, execution, anew=measuring.recalibrate) if measuring.roofline else None
    with progress_bar(f"measuring {network.plan.name}") as progress:
        processes = measuring.processes or usual_processes(execution)
        return _profile(asked, LatencyRequest(measuring.device, measuring.budget, progress, processes), limits)


def _profile(asked: _Asked, latency: LatencyRequest | None, calibration: Calibration | None) -> Report:
    """Of one batch size by itself, of several side by side, as networks are."""
    from mbconv_cli.analysis.profile.batch_sizes import profile_batches
    from mbconv_cli.analysis.profile.profile import profile
    from mbconv_cli.commands.several_networks import profile_several

    execution, view, network = asked.execution, asked.view, asked.networks[0]
    if len(asked.networks) > 1:
        return profile_several(asked.networks, execution, None, None)
    if len(asked.batch_sizes) > 1:
        return profile_batches(network, asked.batch_sizes, execution=execution, view=view, latency=latency)
    return profile(network, execution=execution, view=view, latency=latency, calibration=calibration)


def _require_roofline(
    roofline: bool, recalibrate: bool, batch_sizes: Sequence[int], execution: Execution, *, latency: bool
) -> None:
    """Refuse a roofline where there are no layers of one forward pass to hold against it.

    Raises:
        InputError: names the option that is in its way, or that it needs.
    """
    if recalibrate and not roofline:
        raise InputError("--recalibrate changes nothing without --roofline; give both or neither")
    obstacles = (
        ("--no-latency", not latency),
        ("--backend onnxruntime", execution.backend is Backend.ONNXRUNTIME),
        (f"--mode {execution.mode.value}", not execution.by_layer),
        ("--pass train", execution.training),
        ("several batch sizes", len(batch_sizes) > 1),
    )
    for obstacle, there in obstacles:
        if roofline and there:
            raise InputError(f"--roofline changes nothing with {obstacle}; give one of them")


def _calibration(device: DeviceChoice, execution: Execution, *, anew: bool) -> Calibration:
    """What the device can do at best, with a progress bar if it must be measured."""
    from mbconv_cli.pytorch.calibration_cache import calibration

    with progress_bar("measuring what the machine can do") as progress:
        return calibration(
            device, execution.threads, execution.dtype.value, anew=anew, progress=progress, tf32=execution.tf32
        )

"""`mbconv sweep`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mbconv_cli.analysis.measuring import DEFAULT_PROCESSES
from mbconv_cli.analysis.prediction.table_file import read_table
from mbconv_cli.analysis.sweep.constraints import UNITS, parse_conditions
from mbconv_cli.analysis.sweep.evaluation import PREDICTED_MS, Chunk, Figures, SweepJob
from mbconv_cli.analysis.sweep.row_files import RowFile, open_rows
from mbconv_cli.analysis.sweep.schedulers import chunks_on_cluster, chunks_on_cores
from mbconv_cli.analysis.sweep.sweep import COST_KEYS, LATENCY_MS, Findings, Wanted, run_sweep, sweep_report
from mbconv_cli.commands.form_options import FoldNormOption
from mbconv_cli.commands.measuring_options import StrictOption, require_effect, require_usable
from mbconv_cli.commands.options import (
    ArchDirOption,
    DeviceOption,
    MeasureOption,
    OutputOption,
    PlotFormatOption,
    ProcessesOption,
    SectionOption,
    SetOption,
    ThreadsOption,
    complete_network,
)
from mbconv_cli.commands.output import progress_bar, progress_bars, remark, show
from mbconv_cli.commands.space_option import SpaceOption, space_path
from mbconv_cli.commands.turn_options import PredictOption, ResumeOption
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.files import require_place
from mbconv_cli.machine.device_choice import AUTO, DeviceChoice, parse_device
from mbconv_cli.machine.fingerprint import usable_cores
from mbconv_cli.measure.execution import Execution
from mbconv_cli.quantities import MILLISECOND_UNITS
from mbconv_cli.render.renderers import Format
from mbconv_cli.report.model import Report
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.spec.space import Space, space_of_file, varied_network

MOST_UNSAMPLED = 10_000_000
"""Points that are evaluated without --sample: more take hours."""


NetworkArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NETWORK",
        help="The network to vary: a name, a path or - for standard input.",
        autocompletion=complete_network,
        show_default=False,
    ),
]
VaryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="PATH=VALUES",
        help="An axis: values V1,V2,... or a range FIRST:LAST:STEP for a path as in --set; "
        "several axes give every combination.",
        show_default=False,
    ),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Keep points that satisfy it, e.g. 'macs <= 400M' or 'peak_bytes < 4 MiB'; several hold together.",
        show_default=False,
    ),
]
SampleOption = Annotated[
    int | None,
    typer.Option("--sample", metavar="N", min=1, help="Draw N distinct points.", show_default="every point"),
]
SeedOption = Annotated[
    int,
    typer.Option("--seed", metavar="S", min=0, help="Which sample is drawn; the same number draws the same points."),
]
ParetoOption = Annotated[
    str | None,
    typer.Option(
        "--pareto",
        metavar="KEY,KEY",
        help=f"Costs of the Pareto front: {', '.join(COST_KEYS)}, latency_ms (--measure), predicted_ms (--predict).",
        show_default="params and macs, or latency where there is one",
    ),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="KEY",
        help="The cost by which points are sorted.",
        show_default="macs, or latency where there is one",
    ),
]
TopOption = Annotated[
    int, typer.Option("--top", metavar="N", min=0, help="Points shown beside the front; 0 shows all.")
]
RowsOption = Annotated[
    Path | None,
    typer.Option(
        "--rows",
        metavar="FILE",
        help="Stream every point into FILE.jsonl or FILE.parquet; the same command continues a sweep "
        "that was broken off.",
        show_default=False,
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs", metavar="N", min=1, max=1_024, help="Processes on this machine.", show_default="usable cores"
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Evaluate on a running dask cluster, e.g. tcp://10.0.0.1:8786; with --measure every machine of it "
        "measures all points.",
        show_default=False,
    ),
]


def sweep_command(
    network: NetworkArgument = None,
    vary: VaryOption = None,
    space: SpaceOption = None,
    overrides: SetOption = None,
    where: WhereOption = None,
    sample: SampleOption = None,
    seed: SeedOption = 0,
    measure: MeasureOption = False,
    predict: PredictOption = None,
    fold_norm: FoldNormOption = False,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
    processes: ProcessesOption = None,
    resume: ResumeOption = None,
    strict: StrictOption = False,
    pareto: ParetoOption = None,
    sort: SortOption = None,
    top: TopOption = 20,
    rows: RowsOption = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    output_format: PlotFormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Vary a network along several axes: the costs of every combination, exact, predicted or measured, and the front.

    For example:

    - `mbconv sweep mobilenet-v2 --vary scaling.width=0.5:1.5:0.25 --vary scaling.resolution=160,192,224`

    - `mbconv sweep efficientnet-b0 --vary 'blocks[*].kernel_size=3,5' --vary 'blocks[2].num_repeat=1:4:1'`

    - `mbconv sweep mobilenet-v2 --vary scaling.width=0.5:1:0.25 --measure --threads 1 --resume turns.jsonl`

    - `mbconv sweep --space mnasnet --sample 1000 --predict latency-table.json --where 'predicted_ms <= 15 ms'`

    - `mbconv sweep --space mnasnet --sample 100000 --where 'macs <= 320M' --rows mnasnet.jsonl`
    """
    if jobs is not None and scheduler is not None:
        raise InputError("--jobs and --scheduler exclude each other; the cluster decides on its processes")
    table = read_table(predict) if predict else None
    timed = LATENCY_MS if measure else PREDICTED_MS if table else None
    units = UNITS if table is None else {**UNITS, PREDICTED_MS: MILLISECOND_UNITS}
    conditions = parse_conditions(where or [], units)
    points = _space(network, vary or [], space, overrides or [], arch_dir or [])
    job = SweepJob(points, conditions, sample, seed, table)
    if job.positions > MOST_UNSAMPLED:
        raise InputError(f"the space has {job.space.size:,} points; draw some of them, e.g. with --sample 100000")
    keys = (*COST_KEYS, *([timed] if timed else []))
    cheapest = timed or "macs"
    objectives = _costs(pareto or f"{cheapest},params", "--pareto", keys)
    wanted = Wanted(objectives, _costs(sort or cheapest, "--sort", keys)[0], top or None)
    measuring = {
        "device": device, "threads": threads, "processes": processes, "resume": resume,
        "fold_norm": fold_norm or None, "strict": strict or None,
    }  # fmt: skip
    _require_apart(measure, measuring, predict=predict, rows=rows)
    if output is not None:
        require_place(output)
    file = open_rows(rows, job) if rows else None
    if scheduler is not None:
        chunks = partial(chunks_on_cluster, job, address=scheduler)
    else:
        chunks = partial(chunks_on_cores, job, jobs=jobs or len(usable_cores()))
    if not measure:
        show(sweep_report(job, _findings(job, chunks, wanted, file, rows)), output_format, output, section)
        return
    exact = _findings(job, chunks, Wanted(top=None), None, None).best()
    form = Execution(fold_norm=fold_norm, threads=threads)
    measure_points = _measured if scheduler is None else partial(_measured_on_cluster, scheduler)
    report = measure_points(job, exact, wanted, form, parse_device(device or AUTO), processes, resume)
    show(report, output_format, output, section)
    require_usable(report, strict=strict)
    if not report.measurement["complete"]:
        raise KeyboardInterrupt  # held back until what had been measured was shown


def _require_apart(measure: bool, measuring: Mapping[str, object], **others: object) -> None:
    """Refuse options of measuring where nothing is measured, and what measuring has no place for.

    Raises:
        InputError: names the option.
    """
    if not measure:
        require_effect("without --measure; give both or neither", **measuring)
        return
    for name, value in others.items():
        if value is not None:
            raise InputError(f"--measure with --{name}: points are measured at the end; give one")


def _measured(
    job: SweepJob,
    rows: Sequence[Figures],
    wanted: Wanted,
    form: Execution,
    device: DeviceChoice,
    processes: int | None,
    resume: Path | None,
) -> Report:
    """The report with a latency for each point."""
    from mbconv_cli.analysis.sweep.measured_sweep import measured_sweep
    from mbconv_cli.analysis.turns.kept_turns import KeptTurns
    from mbconv_cli.analysis.turns.turn_measuring import TurnPlan

    kept = KeptTurns(resume)
    with progress_bars() as progress:
        plan = TurnPlan(device, processes or DEFAULT_PROCESSES, kept, progress)
        return measured_sweep(job, rows, wanted, form, plan)


def _measured_on_cluster(
    address: str,
    job: SweepJob,
    rows: Sequence[Figures],
    wanted: Wanted,
    form: Execution,
    device: DeviceChoice,
    processes: int | None,
    resume: Path | None,
) -> Report:
    """The report with a latency for each point on every machine of a cluster."""
    from mbconv_cli.analysis.sweep.measured_on_cluster import ClusterPlan, measured_on_cluster

    with progress_bars() as progress:
        plan = ClusterPlan(address, device, processes or DEFAULT_PROCESSES, resume, progress)
        return measured_on_cluster(job, rows, wanted, form, plan)


def _findings(
    job: SweepJob, chunks: partial[Iterator[Chunk]], wanted: Wanted, file: RowFile | None, rows: Path | None
) -> Findings:
    """Run the sweep with a progress bar; rows that are kept survive an interruption, which is mentioned."""
    try:
        with progress_bar("evaluating", job.positions) as progress:
            return run_sweep(job, chunks, wanted, file=file, progress=progress)
    except KeyboardInterrupt:
        if rows is not None:
            remark(f"{rows} keeps what was evaluated; the same command continues")
        raise


def _space(
    network: str | None, vary: list[str], space: str | None, overrides: list[str], arch_dir: list[Path]
) -> Space:
    catalogue = user_catalogue(arch_dir)
    if space is not None:
        if network is not None or vary or overrides:
            raise InputError("--space names the network and its axes; leave out NETWORK, --vary and --set")
        return space_of_file(space_path(space), catalogue)
    if network is None:
        raise InputError("name a NETWORK and what varies (--vary PATH=V1,V2), or a --space FILE")
    return varied_network(network, vary, overrides, catalogue)


def _costs(text: str, option: str, valid: Sequence[str]) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(","))
    for key in keys:
        if key not in valid:
            hint = did_you_mean(key, valid) or f"; valid are {', '.join(valid)}"
            raise InputError(f"{option} {text!r}: no cost {key!r} here{hint}")
    if option == "--pareto" and len(set(keys)) < 2:
        raise InputError(f"--pareto {text!r}: should be two different costs or more, e.g. macs,params")
    return keys

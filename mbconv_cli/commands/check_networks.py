"""`mbconv check`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.config import DEFAULT_CONFIG, LoadedConfig
from mbconv_cli.check.run_check import Checked, check, faulty_config, measuring_plan
from mbconv_cli.check.sides import Against, StoredBaseline
from mbconv_cli.commands.check_options import (
    AllowCodeOption,
    ConfigOption,
    GateProcessesOption,
    GateThreadsOption,
    measure_request,
    open_config,
    require_measuring,
    write_first_config,
)
from mbconv_cli.commands.github_actions import (
    AnnotateOption,
    leave_on_github,
    require_room_for_annotations,
)
from mbconv_cli.commands.options import ArchDirOption, CheckFormatOption, DeviceOption, OutputOption, SectionOption
from mbconv_cli.commands.output import progress_bar, say, show
from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place
from mbconv_cli.git.revisions import resolve_base
from mbconv_cli.render.causes import causes
from mbconv_cli.render.checks import checks
from mbconv_cli.render.renderers import Format
from mbconv_cli.report.baseline import DEFAULT_BASELINE, read_baseline
from mbconv_cli.report.model import Report
from mbconv_cli.spec.catalogue import user_catalogue

if TYPE_CHECKING:
    from mbconv_cli.measure.latency import Progress

AgainstOption = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="REV",
        help="Compare with the same files as of where HEAD branched off from a git revision, e.g. origin/main "
        "(REV.. is the revision itself); both sides are measured here.",
        show_default=False,
    ),
]
BaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="Compare with a file of `mbconv baseline write`.",
        show_default=f"the config's, or {DEFAULT_BASELINE} beside it, if any",
    ),
]


InitOption = Annotated[
    bool,
    typer.Option("--init", help=f"Write a first {DEFAULT_CONFIG}, with comments, from the networks below this folder."),
]


PlanOption = Annotated[
    bool, typer.Option("--plan", help="Show what would be measured and how long that takes, and measure nothing.")
]
MeasuredOption = Annotated[
    bool, typer.Option("--measure/--no-measure", help="Check latency, too, where a rule asks for it.")
]


def check_command(
    config: ConfigOption = None,
    init: InitOption = False,
    against: AgainstOption = None,
    baseline: BaselineOption = None,
    device: DeviceOption = None,
    threads: GateThreadsOption = None,
    processes: GateProcessesOption = None,
    measure: MeasuredOption = True,
    plan: PlanOption = False,
    allow_code: AllowCodeOption = False,
    output_format: CheckFormatOption = Format.AUTO,
    annotate: AnnotateOption = False,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Fail if a network costs more than it may, in parameters, MACs, memory or time.

    The exit code is 2 if a file is wrong (all others are checked all the same), else 1 if a check failed, else 3 if
    one could not be decided, else 0. In a workflow on GitHub, the report is also appended to the step's summary.

    For example:

    - `mbconv check --init`

    - `mbconv check`

    - `mbconv check --against origin/main`

    - `mbconv check --baseline mbconv-baseline.json --format junit -o mbconv.xml`
    """
    if init:
        write_first_config(config, against=against, baseline=baseline, output=output, annotate=annotate)
        return
    require_room_for_annotations(annotate, output_format, output)
    if output is not None:
        require_place(output)
    asked = _Asked(config, against, baseline, device, threads, processes, measure, arch_dir, allow_code)
    if plan:
        if annotate or not measure:
            raise InputError(
                f"{'--annotate' if annotate else '--no-measure'} changes nothing beside --plan; leave it out"
            )
        show(_planned(asked), output_format, output, section)
        return
    checked, explained = _checked_or_faulty(asked)
    show(checked.report, output_format, output, section)
    leave_on_github(checked.report, checked.error.exit_code if checked.error else 0, annotate=annotate)
    if checked.error is None:
        return
    shown = output is None and output_format is Format.TABLE  # a table has the reasons
    if not shown and not explained:
        for cause in causes(checks(checked.report)):
            say(f"mbconv: {cause.verdict}: {cause.sentence}")
    raise typer.Exit(checked.error.exit_code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks for."""

    config: Path | None
    against: str | None
    baseline: Path | None
    device: str | None
    threads: int | None
    processes: int | None
    measure: bool
    arch_dir: list[Path] | None
    allow_code: bool


def _planned(asked: _Asked) -> Report:
    loaded = open_config(asked.config, allow_code=asked.allow_code)
    compared_with = _against(loaded, asked.against, asked.baseline)
    return measuring_plan(
        loaded, compared_with, user_catalogue(asked.arch_dir or ()), _request(loaded, asked, lambda _: None)
    )


def _checked_or_faulty(asked: _Asked) -> tuple[Checked, bool]:
    """The check, or the mistakes in its config as a report, so that they are in every format.

    Returns:
        It, and whether standard error has its reasons already, as that of a mistake always has.
    """
    try:
        return _checked(asked), False
    except InputError as error:
        if faulty := faulty_config(asked.config or Path(DEFAULT_CONFIG), error):
            for sentence in error.sentences:
                say(f"mbconv: {sentence}")
            return faulty, True
        raise


def _checked(asked: _Asked) -> Checked:
    loaded = open_config(asked.config, allow_code=asked.allow_code)
    require_measuring(
        loaded.config.times and asked.measure,
        f"without a rule for latency_ms or launched_ms in {loaded.path}" if asked.measure else "beside --no-measure",
        device=asked.device,
        threads=asked.threads,
        processes=asked.processes,
    )
    compared_with = _against(loaded, asked.against, asked.baseline)
    with progress_bar("checking") as progress:
        measure = _request(loaded, asked, progress)
        catalogue = user_catalogue(asked.arch_dir or ())
        return check(loaded, compared_with, catalogue, measure if asked.measure else None)


def _request(loaded: LoadedConfig, asked: _Asked, progress: Progress) -> MeasureRequest:
    """How to measure: as the config gives it, except for what the command line gives."""
    return measure_request(
        loaded.config.latency, progress, device=asked.device, threads=asked.threads, processes=asked.processes
    )


def _against(loaded: LoadedConfig, revision: str | None, baseline: Path | None) -> Against | None:
    """What to compare with: what the command line names, or else the config's baseline, or the one beside it.

    Raises:
        InputError: both are given; there is no such revision; or the baseline cannot be read.
    """
    if revision is not None and baseline is not None:
        raise InputError("--against and --baseline: give one of them")
    if revision is not None:
        return resolve_base(revision, loaded.folder)
    path = baseline or loaded.folder / (loaded.config.baseline or DEFAULT_BASELINE)
    if baseline is None and loaded.config.baseline is None and not path.exists():
        return None
    return StoredBaseline(read_baseline(path), path)

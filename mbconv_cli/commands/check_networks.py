"""`mbconv check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mbconv_cli.check.config import LoadedConfig
from mbconv_cli.check.run_check import check
from mbconv_cli.check.sides import Against, StoredBaseline
from mbconv_cli.commands.check_options import (
    ConfigOption,
    GateProcessesOption,
    GateThreadsOption,
    measure_request,
    open_config,
    require_measuring,
)
from mbconv_cli.commands.github_actions import (
    AnnotateOption,
    annotate_checks,
    append_step_summary,
    require_room_for_annotations,
)
from mbconv_cli.commands.options import ArchDirOption, CheckFormatOption, DeviceOption, OutputOption, SectionOption
from mbconv_cli.commands.output import progress_bar, show
from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place
from mbconv_cli.git.revisions import resolve_base
from mbconv_cli.render.renderers import Format
from mbconv_cli.report.baseline import read_baseline
from mbconv_cli.spec.catalogue import user_catalogue

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
        show_default="the config's, if any",
    ),
]


def check_command(
    config: ConfigOption = None,
    against: AgainstOption = None,
    baseline: BaselineOption = None,
    device: DeviceOption = None,
    threads: GateThreadsOption = None,
    processes: GateProcessesOption = None,
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

    - `mbconv check`

    - `mbconv check --against origin/main`

    - `mbconv check --baseline mbconv-baseline.json --format junit -o mbconv.xml`
    """
    require_room_for_annotations(annotate, output_format, output)
    loaded = open_config(config)
    require_measuring(
        loaded.config.times,
        f"without a rule for latency_ms in {loaded.path}",
        device=device,
        threads=threads,
        processes=processes,
    )
    compared_with = _against(loaded, against, baseline)
    if output is not None:
        require_place(output)
    catalogue = user_catalogue(arch_dir or ())
    with progress_bar("checking") as progress:
        settings = loaded.config.latency
        measure = measure_request(settings, progress, device=device, threads=threads, processes=processes)
        checked = check(loaded, compared_with, catalogue, measure)
    show(checked.report, output_format, output, section)
    append_step_summary(checked.report)
    if annotate:
        annotate_checks(checked.report)
    if checked.error and output is None and output_format is Format.TABLE:
        raise typer.Exit(checked.error.exit_code)  # the table that was just shown has the reasons
    if checked.error:
        raise checked.error


def _against(loaded: LoadedConfig, revision: str | None, baseline: Path | None) -> Against | None:
    """What to compare with: what the command line says, or else the config's baseline.

    Raises:
        InputError: both are given; there is no such revision; or the baseline cannot be read.
    """
    if revision is not None and baseline is not None:
        raise InputError("--against and --baseline: give one of them")
    if revision is not None:
        return resolve_base(revision, loaded.folder)
    if baseline is None and loaded.config.baseline is None:
        return None
    path = baseline or loaded.folder / str(loaded.config.baseline)
    return StoredBaseline(read_baseline(path), path)

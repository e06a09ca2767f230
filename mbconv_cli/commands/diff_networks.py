"""`mbconv diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from mbconv_cli.analysis.diff.diff import DiffBy, diff
from mbconv_cli.analysis.diff.references import open_both
from mbconv_cli.analysis.networks import CodeOptions
from mbconv_cli.commands.measuring_options import StrictOption, measuring, require_usable
from mbconv_cli.commands.options import (
    ArchDirOption,
    ArgOption,
    DeviceOption,
    InputOption,
    MeasureOption,
    OutputOption,
    PlotFormatOption,
    ProcessesOption,
    SectionOption,
    ThreadsOption,
    complete_network_or_report,
)
from mbconv_cli.commands.output import show
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue

DIFFERENT = 1
"""The exit code of `--exit-code` where something differs, as git's."""

BaseArgument = Annotated[
    str,
    typer.Argument(
        metavar="BASE",
        help="What is compared with: a name, a path to a YAML file, REV:PATH for a file as of a git revision, the JSON "
        "of a profile by layer (.json), or - for standard input.",
        autocompletion=complete_network_or_report,
        show_default=False,
    ),
]
HeadArgument = Annotated[
    str,
    typer.Argument(
        metavar="HEAD",
        help="What is compared, likewise.",
        autocompletion=complete_network_or_report,
        show_default=False,
    ),
]
ByOption = Annotated[
    DiffBy | None,
    typer.Option(
        "--by",
        metavar="ROWS",
        case_sensitive=False,
        help="What a row is: layer, block or stage.",
        show_default="stage; in JSON block, too",
    ),
]
ExitCodeOption = Annotated[
    bool, typer.Option("--exit-code", help="Exit with 1 if the networks differ in anything that is computed.")
]
BatchOption = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        metavar="N",
        min=1,
        max=1_000_000,
        help="Images in a batch; MACs and bytes are the batch's.",
        show_default="the stored profile's, or 1",
    ),
]


def diff_command(
    base: BaseArgument,
    head: HeadArgument,
    by: ByOption = None,
    exit_code: ExitCodeOption = False,
    batch_size: BatchOption = None,
    arguments: ArgOption = None,
    inputs: InputOption = None,
    measure: MeasureOption = False,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
    processes: ProcessesOption = None,
    strict: StrictOption = False,
    output_format: PlotFormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Compare two networks: options, stages, blocks and layers that differ, and what that costs.

    Blocks are aligned by what they compute: one that is inserted shows as one, and not as a change of all that follow.

    For example:

    - `mbconv diff efficientnet-b0 efficientnet-b1`

    - `mbconv diff origin/main:architectures/mine.yaml architectures/mine.yaml --exit-code`

    - `mbconv diff HEAD~1:mine.yaml mine.yaml --by layer --format markdown`

    - `mbconv diff mnasnet-a1 mnasnet-b1 --measure --threads 1`

    - `mbconv diff stored.json ./mine.yaml`
    """
    with measuring(measure, "measuring", device=device, threads=threads, processes=processes, strict=strict) as wanted:
        code = CodeOptions(tuple(arguments or ()), tuple(inputs or ()), batch_size or 1)
        both = open_both(base, head, user_catalogue(arch_dir or ()), code)
        rows = DiffBy.BLOCK if by is None and output_format is Format.CSV else by
        found = diff(*both, by=rows, batch_size=batch_size, measure=wanted)
    show(found.report, output_format, output, section)
    if exit_code and found.differs:
        raise typer.Exit(DIFFERENT)
    require_usable(found.report, strict=strict)

"""`mbconv list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mbconv_cli.analysis.listing import COLUMNS, FIGURES, Filter, list_networks
from mbconv_cli.commands.options import ArchDirOption, FormatOption, OutputOption, SectionOption
from mbconv_cli.commands.output import show
from mbconv_cli.errors import InputError
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue

if TYPE_CHECKING:
    from mbconv_cli.analysis.sweep.constraints import Condition

TextArgument = Annotated[
    str, typer.Argument(metavar="TEXT", help="A part of the names, e.g. mobilenet.", show_default=False)
]
FamilyOption = Annotated[
    str | None, typer.Option("--family", metavar="NAME", help="Only networks of a family, e.g. EfficientNet.")
]
MaxOption = Annotated[
    list[str] | None,
    typer.Option(
        "--max",
        metavar="KEY=QUANTITY",
        help="Only networks of at most so many params or macs, e.g. macs=400M; may be given several times.",
        show_default=False,
    ),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="COLUMN",
        autocompletion=lambda: [column.key for column in COLUMNS],
        help="Sort by a column: the smallest figure first, the best accuracy first.",
        show_default="by name",
    ),
]


def list_command(
    text: TextArgument = "",
    family: FamilyOption = None,
    limits: MaxOption = None,
    sort: SortOption = None,
    arch_dir: ArchDirOption = None,
    output_format: FormatOption = Format.AUTO,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Show the networks that can be called by name, with parameters, MACs, and the published top-1 accuracy in %.

    For example:

    - `mbconv list`

    - `mbconv list mobilenet --max macs=300M --sort top1`

    - `mbconv list --family EfficientNet --format csv -o networks.csv`

    - `mbconv list --arch-dir ./architectures`
    """
    wanted = Filter(text, family, tuple(map(_limit, limits or ())), sort)
    show(list_networks(user_catalogue(arch_dir or ()), wanted), output_format, output, section)


def _limit(text: str) -> Condition:
    from mbconv_cli.analysis.sweep.constraints import UNITS, parse_conditions

    key, equals, quantity = text.partition("=")
    if not equals or key not in FIGURES:
        raise InputError(f"--max {text!r}: should be KEY=QUANTITY with {' or '.join(FIGURES)}, e.g. macs=400M")
    try:
        return parse_conditions([f"{key} <= {quantity}"], UNITS)[0]
    except InputError as error:
        raise InputError(str(error).replace(f"--where '{key} <= {quantity}'", f"--max {text!r}")) from error

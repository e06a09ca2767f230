"""The arguments and options that commands share, with their help and their completion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from mbconv_cli.render.registry import Format
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.spec.values import MAX_RESOLUTION


def complete_network(incomplete: str) -> list[str]:
    """Names and YAML files that begin so."""
    names = [entry.name for entry in user_catalogue().entries() if entry.name.startswith(incomplete)]
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
FormatOption: TypeAlias = Annotated[
    Format, typer.Option("--format", case_sensitive=False, help="How the report is written.")
]
OutputOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write into this file, atomically.", show_default="standard output"),
]
ArchDirOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--arch-dir",
        help="A folder of your own YAML files, whose names then count too; may be given several times. "
        "The environment variable MBCONV_ARCH_PATH names such folders as well.",
        show_default=False,
    ),
]

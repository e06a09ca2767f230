"""`--space`: a file of choices, or the name of a shipped one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.spec.catalogue import shipped_spaces

SpaceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--space",
        metavar="FILE",
        help="A YAML file with `network` and `choices`, or the name of a shipped one: "
        "mnasnet, mnasnet-uniform, compound-scaling.",
        show_default=False,
    ),
]


def space_path(text: str) -> Path:
    """A path, or the file of a shipped space's name.

    Raises:
        InputError: it is neither; names the nearest.
    """
    path = Path(text)
    shipped = {file.stem: file for file in shipped_spaces()}
    if path.suffix in {".yaml", ".yml"} or path.exists():
        return path
    if text not in shipped:
        hint = did_you_mean(text, shipped) or f"; shipped are {', '.join(sorted(shipped))}"
        raise InputError(f"--space {text!r}: no such file, and no shipped space{hint}")
    return shipped[text]

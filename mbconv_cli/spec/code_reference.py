"""References to code: what makes a module in place of a YAML file. They are only read here, and nothing is run."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from mbconv_cli.errors import InputError
from mbconv_cli.git.revisions import is_revision

LIBRARIES: Final = ("torchvision", "timm")
ARCHIVE_SUFFIX: Final = ".pt2"
_IN_FILE: Final = re.compile(r"(?P<place>.+\.py):(?P<name>[A-Za-z_]\w*)", re.DOTALL)
_IN_MODULE: Final = re.compile(
    r"(?!(?:[A-Z]+_)?HEAD:)(?P<place>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*)"
)
_ARGUMENT: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)
_INPUT: Final = re.compile(r"(?:(?P<name>[A-Za-z_]\w*)=)?(?P<shape>\d+(?:x\d+)*)(?::(?P<dtype>\w+))?")
DTYPES: Final = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "bool")


class Origin(str, Enum):
    """Where a module comes from."""

    LIBRARY = "library"
    FILE = "file"
    PACKAGE = "package"
    ARCHIVE = "archive"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class InputShape:
    """An input of a module: its parameter's name where that is said, its shape with the batch, and its dtype."""

    shape: tuple[int, ...]
    name: str | None = None
    dtype: str = "float32"

    def __str__(self) -> str:
        named = f"{self.name}=" if self.name else ""
        return named + "x".join(map(str, self.shape)) + ("" if self.dtype == "float32" else f":{self.dtype}")


@dataclass(frozen=True, slots=True)
class CodeReference:
    """Code that makes a module.

    Attributes:
        text: as it was given, e.g. `timm:resnet50`.
        origin: where the module comes from.
        place: the library, the file, or the package's module.
        name: the network in a library, or the callable; empty for an archive.
        arguments: what to call it with, by name, each value as text.
        inputs: the shapes of the module's inputs; those that a library states if there are none.
        batch_size: the first dimension of the shapes that a library states; of a Plan's code that of all its inputs.
        training: whether the module is in training mode; in eval mode if not.
        views: whether its views are ops of the Plan, too.
    """

    text: str
    origin: Origin
    place: str
    name: str
    arguments: tuple[tuple[str, str], ...] = ()
    inputs: tuple[InputShape, ...] = ()
    batch_size: int = 1
    training: bool = False
    views: bool = False

    @property
    def is_object(self) -> bool:
        """Whether it stands for a module that lives in this process alone."""
        return self.origin is Origin.OBJECT


def parse_code(text: str) -> CodeReference | None:
    """The code that a reference names, or None where it names none.

    `torchvision:NAME` and `timm:NAME` are networks of a library, `FILE.py:CALLABLE` and `PACKAGE.MODULE:CALLABLE` are
    Python, and `FILE.pt2` is an archive that `torch.export.save` has written. `main:nets` is no code where `main` is a
    revision of git and no module.

    Raises:
        InputError: it names both a module and a revision.
    """
    library, colon, name = text.partition(":")
    if colon and library in LIBRARIES:
        return CodeReference(text, Origin.LIBRARY, library, name)
    if text.endswith(ARCHIVE_SUFFIX) and not colon:
        return CodeReference(text, Origin.ARCHIVE, text, "")
    if found := _IN_FILE.fullmatch(text):
        return CodeReference(text, Origin.FILE, found["place"], found["name"])
    if (found := _IN_MODULE.fullmatch(text)) and not _is_at_revision(text, found["place"], found["name"]):
        return CodeReference(text, Origin.PACKAGE, found["place"], found["name"])
    return None


def _is_at_revision(text: str, place: str, name: str) -> bool:
    """Whether a text that looks like `MODULE:CALLABLE` is `REV:path`.

    Raises:
        InputError: it can be either.
    """
    if not is_revision(place):
        return False
    if not _is_importable(place):
        return True
    file = Path(*place.split(".")).with_suffix(".py")
    code = f"./{file.as_posix()}:{name}" if file.exists() else f"the module's file, FILE.py:{name},"
    both = f"{text}: {place} is a module and a revision of git"
    raise InputError(f"{both}; write {code} for the code, {place}~0:{name} for the revision")


def _is_importable(place: str) -> bool:
    """Whether Python finds the module, or the package it is in, here or where it is installed; nothing is run.

    A folder without `__init__.py` counts for what is in it, not as a module itself.
    """
    found = PathFinder.find_spec(place.partition(".")[0], [*sys.path, str(Path.cwd())])
    return found is not None and (found.origin is not None or "." in place)


def parse_arguments(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """`NAME=VALUE` each, for the callable that makes the module.

    Raises:
        InputError: one is not of this form.
    """
    return tuple(_argument(text) for text in texts)


def parse_inputs(texts: Sequence[str]) -> tuple[InputShape, ...]:
    """`1x3x224x224`, `NAME=2x128` or `2x128:int64` each.

    Raises:
        InputError: one is not of this form, or has a dimension of 0 or an unknown dtype.
    """
    return tuple(_input(text) for text in texts)


def _argument(text: str) -> tuple[str, str]:
    if not (found := _ARGUMENT.fullmatch(text)):
        raise InputError(f"--arg {text!r} should be NAME=VALUE, e.g. depth=2")
    return found["name"], found["value"]


def _input(text: str) -> InputShape:
    found = _INPUT.fullmatch(text)
    if not found:
        raise InputError(f"--input {text!r} should be a shape with the batch, e.g. 1x3x224x224 or ids=2x128:int64")
    shape, dtype = tuple(map(int, found["shape"].split("x"))), found["dtype"] or "float32"
    if 0 in shape:
        raise InputError(f"--input {text!r} has a dimension of 0, so it holds nothing")
    if dtype not in DTYPES:
        raise InputError(f"--input {text!r}: no dtype {dtype!r}; valid are {', '.join(DTYPES)}")
    return InputShape(shape, found["name"], dtype)

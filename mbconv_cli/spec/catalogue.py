"""Where networks are found: the shipped folder, a path, or standard input."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from mbconv_cli.errors import InputError, did_you_mean

STDIN: Final = "-"
SUFFIXES: Final = (".yaml", ".yml")
MAX_BYTES: Final = 4_000_000
"""More than a network's file can have, so that no device and no endless pipe fills the memory."""


@cache
def shipped_folder() -> Path:
    """The folder of shipped networks: inside an installed package, or beside it in a checkout.

    Raises:
        InputError: the installation is incomplete.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "architectures", package.parent / "architectures"):
        if folder.is_dir():
            return folder
    raise InputError(f"the folder architectures/ is missing beside {package}; install mbconv-cli again")


@cache
def shipped() -> Mapping[str, Path]:
    """Every shipped network's name and file, in the order of the names."""
    return {path.stem: path for path in sorted(shipped_folder().glob("*.yaml"), key=_numbers_last)}


def find(reference: str, *, relative_to: Path | None = None) -> Path:
    """The file of a network that is called by its shipped name or by a path.

    Args:
        reference: a shipped name, or a path (which has a separator or ends in .yaml or .yml).
        relative_to: the folder that a relative path starts from; the working directory if absent.

    Raises:
        InputError: no network has this name.
    """
    if reference in shipped():
        return shipped()[reference]
    if "/" in reference or "\\" in reference or reference.endswith(SUFFIXES):
        return (relative_to or Path()) / reference
    hint = did_you_mean(reference, shipped(), cutoff=0.4)
    if not hint:
        hint = "; `mbconv list` shows all, and a file is given by its path, e.g. ./mine.yaml"
    raise InputError(f"no network is called {reference!r}{hint}")


def read(path: Path) -> str:
    """The text of a network's file.

    Raises:
        InputError: it cannot be read, is too long, or is no UTF-8 text.
    """
    try:
        with path.open("rb") as stream:
            return decode(stream.read(MAX_BYTES + 1), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{str(path)!r}: {error}") from error


def read_stdin() -> str:
    """The text of a network on standard input.

    Raises:
        InputError: it is closed or cannot be read, is too long, or is no UTF-8 text.
    """
    if sys.stdin is None:
        raise InputError("<stdin>: standard input is closed")
    try:
        return decode(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>")
    except OSError as error:
        raise InputError(f"<stdin>: {error.strerror or error}") from error


def decode(content: bytes, origin: str) -> str:
    """UTF-8 bytes, with or without a byte order mark, as text.

    Raises:
        InputError: they are too many, or no UTF-8 text.
    """
    if len(content) > MAX_BYTES:
        raise InputError(f"{origin}: more than {MAX_BYTES:,} bytes; no network's file is so long")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{origin}:{line}: not UTF-8 text (byte {error.start + 1})") from error


def _numbers_last(path: Path) -> tuple[tuple[int, int, str], ...]:
    """`b2` before `b10`: runs of digits compare as numbers."""
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for character in path.stem + "\0":
        if character.isdecimal():
            digits += character
            continue
        if digits:
            parts.append((1, int(digits), ""))
            digits = ""
        parts.append((0, 0, character))
    return tuple(parts)

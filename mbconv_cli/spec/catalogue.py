"""Where networks are found: a user's own folders, the shipped folder, a path, a git revision, or standard input."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.git.revisions import RevisionPath, counterpart, files_at, parse_revision, read_at
from mbconv_cli.spec.code_reference import parse_code

Location: TypeAlias = Path | RevisionPath
"""A file or folder of the working tree, or of a git revision."""

STDIN: Final = "-"
SUFFIXES: Final = (".yaml", ".yml")
ARCH_PATH: Final = "MBCONV_ARCH_PATH"
"""The environment variable that names a user's own folders, separated as in PATH."""
MAX_BYTES: Final = 4_000_000
"""More than a network's file can have, so that no device and no endless pipe fills the memory."""


@cache
def shipped_folder() -> Path:
    """The folder of shipped networks.

    Raises:
        InputError: the installation is incomplete.
    """
    return _shipped("architectures")


def shipped_spaces() -> list[Path]:
    """The files of shipped design spaces.

    Raises:
        InputError: the installation is incomplete.
    """
    return sorted(_shipped("spaces").glob("*.yaml"))


def _shipped(name: str) -> Path:
    """A folder of data files: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise InputError(f"the folder {name}/ is missing beside {package}; install mbconv-cli again")


@dataclass(frozen=True, slots=True)
class Entry:
    """A network that can be called by its name."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The networks that can be called by name.

    Attributes:
        folders: a user's own, in the order in which they were named. The shipped one comes after them.
    """

    folders: tuple[Path, ...] = ()

    def entries(self) -> tuple[Entry, ...]:
        """Every network of every folder, the user's own first, in the order of the names.

        Raises:
            InputError: a folder is not there.
        """
        return tuple(entry for folder in (*self.folders, shipped_folder()) for entry in _entries_of(folder))

    def find(self, reference: str, *, referrer: Location | None = None) -> Location:
        """The file of a network that is called by its name or by a path.

        Args:
            reference: a name, a path (which has a separator or ends in .yaml or .yml), or, without a referrer,
                `REV:path` for a file as of a git revision.
            referrer: the file that extends the network: names and relative paths are looked for beside it first,
                and it never means itself. If it is of a git revision, so is what is found, as far as the revision
                has it. If absent, relative paths start from the working directory.

        Raises:
            InputError: no network has this name, or several have; no such revision; or it names code.
        """
        if referrer is None and parse_code(reference):
            raise InputError(f"{reference} is code, and this command runs none; `mbconv profile {reference}` does")
        if referrer is None and (place := parse_revision(reference)):
            return place
        if is_path(reference):
            return _from(referrer, reference)
        beside = _files_in(referrer.parent) if referrer else ()
        named = _called(reference, beside, referrer) or _called(reference, self._files(referrer), referrer)
        if not named:
            named = _alike(reference, self._files(referrer))
        if len(named) > 1:
            raise InputError(
                f"two networks are called {reference!r}: {' and '.join(map(str, named))}; say which by its path"
            )
        if named:
            return named[0]
        hint = did_you_mean(reference, (entry.name for entry in self.entries()), cutoff=0.4)
        if not hint:
            hint = "; `mbconv list` shows all, and a file is given by its path, e.g. ./mine.yaml"
        raise InputError(f"no network is called {reference!r}{hint}")

    def _files(self, referrer: Location | None) -> Iterator[Location]:
        """The files of all folders, each as of the referrer's revision.

        What a revision does not hold has no part in its networks; but for the shipped networks, which belong to this
        program where the repository does not have them.
        """
        for folder in (*self.folders, shipped_folder()):
            if not isinstance(referrer, RevisionPath):
                yield from _files_in(folder)
                continue
            place = counterpart(folder, referrer.revision)
            held = _files_in(place) if place else ()
            yield from held or (_files_in(folder) if folder == shipped_folder() else ())


def user_catalogue(folders: Sequence[Path] = ()) -> Catalogue:
    """The catalogue of the folders given and of those in the environment variable MBCONV_ARCH_PATH."""
    listed = [Path(folder) for folder in os.environ.get(ARCH_PATH, "").split(os.pathsep) if folder]
    return Catalogue(tuple(dict.fromkeys(folder.absolute() for folder in (*folders, *listed))))


def shipped() -> Mapping[str, Path]:
    """Every shipped network's name and file, in the order of the names."""
    return {entry.name: entry.path for entry in _entries_of(shipped_folder())}


def _entries_of(folder: Path) -> tuple[Entry, ...]:
    return tuple(Entry(path.stem, path) for path in _paths_in(folder))


def _files_in(folder: Location) -> tuple[Location, ...]:
    if isinstance(folder, RevisionPath):
        return tuple(file for file in files_at(folder) if file.path.suffix in SUFFIXES)
    return _paths_in(folder)


@cache
def _paths_in(folder: Path) -> tuple[Path, ...]:
    try:
        files = [path for path in folder.iterdir() if path.suffix in SUFFIXES]
    except OSError as error:
        shown = folder if str(folder).isprintable() else repr(str(folder))
        raise InputError(
            f"{shown}: no folder of networks (--arch-dir, {ARCH_PATH}): {error.strerror or error}"
        ) from error
    return tuple(sorted(files, key=_numbers_last))


def _called(name: str, files: Iterable[Location], referrer: Location | None) -> list[Location]:
    return [file for file in files if file.stem == name and file != referrer]


def _alike(name: str, files: Iterable[Location]) -> list[Location]:
    """The file whose name differs in nothing but case, hyphens, underscores and spaces, if there is just one."""
    wanted = _letters(name)
    found = [file for file in files if _letters(file.stem) == wanted]
    return found if len(found) == 1 and wanted else []


def _letters(name: str) -> str:
    """`EfficientNet_B0` as `efficientnetb0`."""
    return re.sub(r"[-_ ]", "", name.casefold())


def _from(referrer: Location | None, reference: str) -> Location:
    """The file at a path, which starts where the referrer is."""
    if not isinstance(referrer, RevisionPath):
        return (referrer.parent if referrer else Path()) / reference
    if Path(reference).is_absolute():
        place = counterpart(Path(reference), referrer.revision)
        if place is None:
            raise InputError(f"{reference}: outside of the repository, so {referrer.revision.name} does not hold it")
        return place
    return referrer.parent / reference


def is_path(reference: str) -> bool:
    """Whether a reference is the path of a file, and no name."""
    return "/" in reference or "\\" in reference or reference.endswith(SUFFIXES)


def read(path: Location) -> str:
    """The text of a network's file.

    Raises:
        InputError: it cannot be read, is too long, or is no UTF-8 text.
    """
    if isinstance(path, RevisionPath):
        return decode(read_at(path, at_most=MAX_BYTES + 1), str(path))
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

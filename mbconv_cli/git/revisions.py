"""Files as of a revision, as git writes them: `REV:path`, from the top of the repository the working directory is in.

A `RevisionPath` can be asked for what a `Path` can, as far as finding and reading a network needs it.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from os.path import lexists
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.git.repository import (
    Repository,
    TreeEntry,
    commit_of,
    content_of,
    merge_base_of,
    repository_of,
    tree_of,
)

_OF_FORM: Final = re.compile(r"(?P<revision>(?:\{[^}]*\}|[^:{])+):(?P<path>.+)", re.DOTALL)
"""A colon within braces is the revision's own: `main@{2026-01-01 12:00}`, `HEAD^{/fix: that}`."""
SHORT_ID: Final = 12
SHA256_DIGITS: Final = 64
MOST_LINKS: Final = 40
LONGEST_TARGET: Final = 4_096
_ON_A_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit.

    Attributes:
        repository: where it is.
        name: what the user calls it, e.g. `origin/main`.
        commit: its id.
        is_merge_base: whether it is not the commit of this name, but where HEAD branched off from it.
    """

    repository: Repository
    name: str
    commit: str
    is_merge_base: bool = False

    @property
    def spelled(self) -> str:
        """What git takes for this commit."""
        return self.commit[:SHORT_ID] if self.is_merge_base else self.name


@dataclass(frozen=True, slots=True)
class RevisionPath:
    """A file or folder as of a revision; `path` starts at the top of the repository."""

    revision: Revision
    path: PurePosixPath

    def __str__(self) -> str:
        return f"{self.revision.spelled}:{self.path}"

    @property
    def stem(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    @property
    def parent(self) -> RevisionPath:
        """The folder it is in."""
        return RevisionPath(self.revision, self.path.parent)

    def __truediv__(self, reference: str) -> RevisionPath:
        """What a relative path means from this folder, at the same revision.

        Raises:
            InputError: it leads out of the repository.
        """
        return RevisionPath(self.revision, _inside(self.path, reference))


def resolve(revision: str, folder: Path | None = None) -> Revision:
    """The commit that a revision means in the repository of a folder, or of the working directory.

    Raises:
        InputError: git is not installed, the folder is in no repository, or there is no such revision.
    """
    repository = repository_of(folder or Path.cwd())
    return Revision(repository, revision, commit_of(repository, revision))


def is_revision(name: str) -> bool:
    """Whether git knows a commit of this name in the repository of the working directory."""
    try:
        resolve(name)
    except InputError:
        return False
    return True


def resolve_base(reference: str, folder: Path | None = None) -> Revision:
    """What a working tree is compared with: where it branched off from a revision, as for a pull request.

    Args:
        reference: `A` or `A...` for the merge base of A and HEAD; `A...B` likewise, where B is HEAD; `A..` for A
            itself.
        folder: in whose repository; the working directory's if absent.

    Raises:
        InputError: git is not installed, there is no such revision, no merge base, or B is not checked out.
    """
    first, dots, second = _parted(reference)
    revision = resolve(first, folder)
    head = commit_of(revision.repository, "HEAD")
    if second and commit_of(revision.repository, second) != head:
        raise InputError(f"{reference}: the working tree is checked, so {second} has to be checked out first")
    if dots == "..":
        return revision
    base = merge_base_of(revision.repository, revision.commit, head)
    if base is None:
        raise InputError(
            f"{first} and HEAD have no common commit here: fetch more of the history (`git fetch --unshallow`; in CI, "
            f"check out with fetch-depth: 0), or compare with {first} itself by `{first}..`"
        )
    return Revision(revision.repository, first, base, is_merge_base=base != revision.commit)


def _parted(reference: str) -> tuple[str, str, str]:
    """`A...B` as A, the dots and B; a name holds no two dots in a row, by git's rules."""
    for dots in ("...", ".."):
        first, found, second = reference.partition(dots)
        if found and first:
            return first, dots, second
    return reference, "", ""


def parse_revision(reference: str) -> RevisionPath | None:
    """What `REV:path` means, or nothing where the text has not this form.

    The path starts at the top of the repository, or at the working directory if it begins with `./` or `../`. A file
    with this name and a path on a drive (`C:/mine.yaml`) are no revisions.

    Raises:
        InputError: git is not installed, there is no repository or no such revision, or the path leads out of it.
    """
    match = _OF_FORM.fullmatch(reference)
    if match is None or _ON_A_DRIVE.match(reference) or _is_there(reference):
        return None
    try:
        revision = resolve(match["revision"])
        start = revision.repository.prefix if match["path"].startswith(("./", "../")) else PurePosixPath()
        return RevisionPath(revision, _inside(start, match["path"]))
    except InputError as error:
        raise InputError(*(f"{reference}: {problem}" for problem in error.problems)) from error


def read_at(place: RevisionPath, *, at_most: int) -> bytes:
    """The first bytes of a file as of its revision.

    Raises:
        InputError: it is not in that revision, or no regular file.
    """
    siblings = _entries(place.parent)
    entry = next((entry for entry in siblings if entry.path.name == place.path.name), None)
    if entry is None:
        hint = did_you_mean(place.path.name, (entry.path.name for entry in siblings))
        raise InputError(f"{place}: no such file in revision {place.revision.name!r}{hint}")
    if not entry.is_file:
        what = "a folder" if entry.kind == "tree" else "a symbolic link or a submodule"
        raise InputError(f"{place}: {what}; name the file itself")
    content = _in_working_tree(place, at_most=at_most)
    return content if content is not None else content_of(place.revision.repository, entry, at_most=at_most)


def _in_working_tree(place: RevisionPath, *, at_most: int) -> bytes | None:
    """The content of a file that is still the same in the working tree; None of any other."""
    top = place.revision.repository.top
    file = Path(top, place.path) if top else None
    if file is None or not file.is_file() or file.stat().st_size >= at_most:
        return None
    content = file.read_bytes()
    return content if holds(place, content) else None


def files_at(folder: RevisionPath) -> tuple[RevisionPath, ...]:
    """The files in a folder as of its revision; none if the folder was not there."""
    return tuple(RevisionPath(folder.revision, folder.path / entry.path) for entry in _entries(folder) if entry.is_file)


def is_file_at(place: RevisionPath) -> bool:
    """Whether a revision has a file at this path."""
    entry = _by_name(place.revision, place.path.parent).get(place.path.name)
    return entry is not None and entry.is_file


def holds(place: RevisionPath, content: bytes) -> bool:
    """Whether a file as of its revision has this content, by the object id that git gives it; git is not run for it.

    A file that git converts when it is checked out (line endings) has another content there.
    """
    entry = _by_name(place.revision, place.path.parent).get(place.path.name)
    if entry is None or not entry.is_file:
        return False
    digest = hashlib.sha256 if len(entry.object_id) == SHA256_DIGITS else hashlib.sha1
    return digest(b"blob %d\0" % len(content) + content).hexdigest() == entry.object_id


def glob_at(revision: Revision, pattern: str) -> tuple[RevisionPath, ...]:
    """The files whose path from the top of the repository matches, by name.

    Args:
        revision: as of which.
        pattern: `*`, `?` and `[...]` within a name, `**` for any number of folders.
    """
    parts = PurePosixPath(pattern).parts
    plain = next((index for index, part in enumerate(parts[:-1]) if re.search(r"[*?[]", part)), len(parts) - 1)
    folder = PurePosixPath(*parts[:plain])
    found = tree_of(revision.repository, revision.commit, folder, deep=True)
    matching = [entry.path for entry in found if entry.is_file and _matches(entry.path.parts, parts[plain:])]
    return tuple(RevisionPath(revision, folder / path) for path in sorted(matching))


def counterpart(path: Path, revision: Revision) -> RevisionPath | None:
    """A path of the working tree as of a revision, links followed as the revision has them.

    Returns:
        The place, whether the revision has it or not; nothing where the path lies, or a link leads, outside of the
        repository.

    Raises:
        InputError: links lead in a circle, or git cannot say.
    """
    within = _within(path, revision.repository.top)
    return None if within is None else _followed(RevisionPath(revision, within))


def _within(path: Path, top: Path | None) -> PurePosixPath | None:
    """A path from the top of the working tree; links on the way to the tree are followed, those inside it are not."""
    if top is None:
        return None
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the links inside
    for ancestor in (*reversed(absolute.parents), absolute):
        if (resolved := ancestor.resolve()).is_relative_to(top):
            return PurePosixPath(*resolved.relative_to(top).parts, *absolute.relative_to(ancestor).parts)
    return None


def _followed(place: RevisionPath) -> RevisionPath | None:
    """The place behind all links on a path as of its revision; nothing where one leads out of the repository."""
    done, ahead, links = PurePosixPath(), list(place.path.parts), 0
    while ahead:
        name = ahead.pop(0)
        entry = _by_name(place.revision, done).get(name)
        if entry is None or not entry.is_link:
            done /= name
            continue
        links += 1
        if links > MOST_LINKS:
            raise InputError(f"{place}: more than {MOST_LINKS} symbolic links, one leading to the next")
        target = os.fsdecode(content_of(place.revision.repository, entry, at_most=LONGEST_TARGET))
        normal = posixpath.normpath(done / target)
        if normal.startswith("/") or normal.split("/")[0] == "..":
            return None
        done, ahead = PurePosixPath(), [*PurePosixPath(normal).parts, *ahead]
    return RevisionPath(place.revision, done)


@lru_cache(maxsize=1_024)
def _by_name(revision: Revision, folder: PurePosixPath) -> Mapping[str, TreeEntry]:
    return {entry.path.name: entry for entry in _entries(RevisionPath(revision, folder))}


def _entries(folder: RevisionPath) -> tuple[TreeEntry, ...]:
    return tree_of(folder.revision.repository, folder.revision.commit, folder.path)


def _inside(start: PurePosixPath, reference: str) -> PurePosixPath:
    normal = posixpath.normpath(start / PurePath(reference).as_posix())
    if normal.startswith("/") or normal.split("/")[0] == "..":
        raise InputError(f"{reference}: outside of the repository")
    return PurePosixPath(normal)


def _is_there(reference: str) -> bool:
    try:
        return lexists(reference)
    except ValueError:  # a NUL
        return False


def _matches(parts: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**" and _matches(parts, patterns[1:]):
        return True
    rest = patterns if patterns[0] == "**" else patterns[1:]
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _matches(parts[1:], rest)

"""What a git repository holds as of a commit, asked of the program `git`. Nothing is checked out or changed.

Only `commit_of` hands over what a user typed; all else is asked by object id, so that no name can be an option or
a pattern. Variables such as GIT_DIR hold as they do for git itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from mbconv_cli.errors import InputError

_OBJECT_ID: Final = re.compile(r"[0-9a-f]{40,64}")
_NO_SUCH_FOLDER: Final = (b"Not a valid object name", b"not a tree object")
"""What git says, in English, where a commit has no folder of a name, or a file in its place."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, as it looks from a folder.

    Attributes:
        folder: where git is run.
        top: the top of the working tree, links resolved; None in a bare repository.
        prefix: the folder's path from the top; empty in a bare repository.
    """

    folder: Path
    top: Path | None
    prefix: PurePosixPath


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file or folder in a commit.

    Attributes:
        path: from the folder that was listed.
        mode: as git writes it, e.g. `100644`.
        kind: `blob`, `tree`, or `commit` for a submodule.
        object_id: of its content.
    """

    path: PurePosixPath
    mode: str
    kind: str
    object_id: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file: no folder, submodule or symbolic link."""
        return self.mode.startswith("100")

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == "120000"


def repository_of(folder: Path) -> Repository:
    """The repository that a folder is in.

    Raises:
        InputError: it is in none, git refuses it, or git is not installed.
    """
    return _repository_of(folder.absolute(), _environment())


def commit_of(repository: Repository, revision: str) -> str:
    """The id of the commit that a revision means: a branch, a tag, `HEAD~2`, ...

    Raises:
        InputError: there is no such commit here.
    """
    answer = b""
    if not revision.startswith("-"):  # git has no such names, and they could be options
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        answer = asked(repository.folder, *arguments).stdout
    commit = os.fsdecode(answer).strip()
    if not _OBJECT_ID.fullmatch(commit):
        raise InputError(
            f"no revision {revision!r} in the git repository of {repository.folder}; it may have to be fetched first "
            "(in CI: check out more than the last commit)"
        )
    return commit


def merge_base_of(repository: Repository, one: str, other: str) -> str | None:
    """The id of the last commit that two commits, given by their ids, both come from, if there is one here."""
    answer = os.fsdecode(asked(repository.folder, "merge-base", one, other).stdout).strip()
    return answer if _OBJECT_ID.fullmatch(answer) else None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit's id, and when it was committed, as ISO 8601 writes it."""

    id: str
    date: str


def head_commit(repository: Repository) -> Commit | None:
    """The commit that is checked out; None before the first one."""
    shown = asked(repository.folder, "log", "-1", "--format=%H %cI", "HEAD", "--")
    commit, _, date = os.fsdecode(shown.stdout).strip().partition(" ")
    return Commit(commit, date) if _OBJECT_ID.fullmatch(commit) else None


def tracked_files(repository: Repository, *suffixes: str) -> list[Path]:
    """The files of the index that end so and are in the working tree, from the whole repository."""
    if repository.top is None:
        return []
    listed = asked(repository.top, "ls-files", "-z", "--cached", "--", *(f"*{suffix}" for suffix in suffixes))
    paths = [repository.top / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


@lru_cache(maxsize=1_024)
def tree_of(repository: Repository, commit: str, folder: PurePosixPath, *, deep: bool = False) -> tuple[TreeEntry, ...]:
    """What a folder holds in a commit, and with `deep` what its folders hold; nothing if there is no such folder.

    Args:
        repository: where.
        commit: its id.
        folder: from the top of the repository.
        deep: whether the files of all folders below count in place of these folders.

    Raises:
        InputError: git cannot say, as in a damaged repository.
    """
    within = "" if folder == PurePosixPath() else str(folder)
    listed = asked(repository.folder, "ls-tree", "-z", *(["-r"] if deep else []), "--full-tree", f"{commit}:{within}")
    if listed.returncode and not any(words in listed.stderr for words in _NO_SUCH_FOLDER):
        raise InputError(f"git cannot list {within or 'the top'} of {commit}: {_reason(listed)}")
    return tuple(_tree_entry(line) for line in listed.stdout.split(b"\0") if line)


@lru_cache(maxsize=64)
def content_of(repository: Repository, entry: TreeEntry, *, at_most: int) -> bytes:
    """The first bytes of a file's content; kept, since many networks extend the same file.

    Raises:
        InputError: git cannot give it.
    """
    command = [_git(), "cat-file", "blob", entry.object_id]
    with subprocess.Popen(  # noqa: S603 - git, and an object id
        command, cwd=repository.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        content = process.stdout.read(at_most)
        if len(content) == at_most:
            process.kill()
            return content
    if process.returncode:
        raise InputError(f"git cannot read the object {entry.object_id}; `git fsck` says more")
    return content


def _tree_entry(line: bytes) -> TreeEntry:
    """`MODE KIND ID<tab>PATH`."""
    about, _, path = line.partition(b"\t")
    mode, kind, object_id = about.decode("ascii").split()
    return TreeEntry(PurePosixPath(os.fsdecode(path)), mode, kind, object_id)


@lru_cache(maxsize=64)
def _repository_of(folder: Path, _: tuple[str | None, ...]) -> Repository:
    answer = asked(folder, "rev-parse", "--is-inside-work-tree", "--show-prefix")
    if answer.returncode:
        raise InputError(f"no git repository to read revisions from: {_reason(answer)}")
    within, prefix = answer.stdout.partition(b"\n")[::2]
    if within.strip() != b"true":
        return Repository(folder, None, PurePosixPath())
    top = _line(asked(folder, "rev-parse", "--show-toplevel").stdout)
    return Repository(folder, Path(top).resolve(), PurePosixPath(_line(prefix)))


def _reason(failed: subprocess.CompletedProcess[bytes]) -> str:
    """The reason that git gives for its failure."""
    answer = failed.stderr.decode(errors="replace").strip().splitlines() or ["git does not say why"]
    return answer[0].removeprefix("fatal: ")


def _line(answer: bytes) -> str:
    """One path, which may itself end in white space."""
    return os.fsdecode(answer.removesuffix(b"\n").removesuffix(b"\r"))


def _environment() -> tuple[str | None, ...]:
    """The variables that decide which repository a folder is in."""
    return tuple(os.environ.get(name) for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_CEILING_DIRECTORIES"))


def asked(folder: Path, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """What git answers, without a shell and in English.

    Raises:
        InputError: git is not installed, or an argument holds a NUL.
    """
    try:
        return subprocess.run(  # noqa: S603 - git, without a shell
            [_git(), *arguments],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL if stdin is None else None,
            input=stdin,
        )
    except ValueError as error:  # a NUL in an argument
        raise InputError(f"{arguments[-1]!r} names nothing in git: {error}") from error


def _git() -> str:
    """The program.

    Raises:
        InputError: there is none.
    """
    program = shutil.which("git")
    if program is None:
        raise InputError("git is not installed, or not in PATH; a revision is read with it")
    return program

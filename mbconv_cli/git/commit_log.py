"""The commits of a repository's history, and files as of many of them at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from mbconv_cli.errors import InputError
from mbconv_cli.git.repository import Repository, asked

_FIELDS: Final = "%H%x00%cI%x00%s"


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """A commit of the history.

    Attributes:
        id: in full.
        date: when it was committed, as ISO 8601 writes it.
        subject: the first line of its message.
    """

    id: str
    date: str
    subject: str


def commits_touching(repository: Repository, reach: str, *suffixes: str) -> list[LoggedCommit]:
    """The commits that change files of these suffixes, the oldest first; of a merge, what it brought into the branch.

    Args:
        repository: whose history.
        reach: a revision, or `A..B` for what B has and A does not.
        suffixes: e.g. `.yaml`.

    Raises:
        InputError: there is no such revision.
    """
    patterns = [f":(top,glob)**/*{suffix}" for suffix in suffixes]
    options = ("--first-parent", "-m", "--reverse", "-z", f"--format={_FIELDS}", "--end-of-options")
    answer = asked(repository.folder, "log", *options, reach, "--", *patterns)
    if answer.returncode or reach.startswith("-"):
        why = os.fsdecode(answer.stderr).strip().partition("\n")[0].removeprefix("fatal: ")
        raise InputError(f"{reach}: no such range of revisions: {why}")
    parts = os.fsdecode(answer.stdout).split("\0")
    return [LoggedCommit(*parts[at : at + 3]) for at in range(0, len(parts) - 2, 3)]


def contents_at(repository: Repository, places: Sequence[tuple[str, PurePosixPath]]) -> list[bytes | None]:
    """The content of each file as of its commit, asked of one git process; None where the commit has no such file.

    Args:
        repository: where.
        places: ids of commits, and paths from the top of the repository.

    Raises:
        InputError: a path holds a line break, which ends a question to git.
    """
    if any("\n" in str(path) for _, path in places):
        raise InputError("git is asked for files by lines, so a path with a line break has no history here")
    questions = "".join(f"{commit}:{path}\n" for commit, path in places)
    answer = asked(repository.folder, "cat-file", "--batch", stdin=os.fsencode(questions))
    return list(_contents(answer.stdout, len(places)))


def _contents(answer: bytes, count: int) -> Iterator[bytes | None]:
    """`ID blob SIZE`, the content and a line break for each file; a line without a size where there is none."""
    at = 0
    for _ in range(count):
        end = answer.find(b"\n", at)
        header = answer[at:end].split(b" ")
        at = end + 1
        if len(header) < 3 or not header[-1].isdigit():
            yield None
            continue
        size = int(header[-1])
        yield answer[at : at + size] if header[-2] == b"blob" else None
        at += size + 1

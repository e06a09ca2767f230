"""Which commits and which files of a repository a check is about, for whoever reads its report elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mbconv_cli.check.sides import Against, name_of
from mbconv_cli.errors import InputError
from mbconv_cli.git.repository import head_commit, repository_of
from mbconv_cli.git.revisions import SHORT_ID, Revision
from mbconv_cli.report.model import Cell, Row


def commits(folder: Path, against: Against | None) -> dict[str, Cell]:
    """The ids of the base's commit and of the one that is checked out, and when that was committed."""
    known: dict[str, Cell] = {"base_commit": against.commit} if isinstance(against, Revision) else {}
    try:
        head = head_commit(repository_of(folder.absolute()))
    except InputError:
        return known  # no repository, or no git: a check of budgets needs neither
    return known | ({"commit": head.id, "commit_date": head.date} if head else {})


def compared_with(against: Against | None) -> dict[str, Cell]:
    """The base in a report's first line."""
    if against is None:
        return {}
    name: dict[str, Cell] = {"against": name_of(against)}
    if not isinstance(against, Revision):
        return name
    return name | {"merge_base" if against.is_merge_base else "commit": against.commit[:SHORT_ID]}


def with_repository_files(rows: Iterable[Row], folder: Path) -> Iterator[Row]:
    """Rows that also give the file to blame from the top of the repository, wherever the program runs.

    Args:
        rows: of a check; their files start from the working directory.
        folder: in which repository.
    """
    try:
        top = repository_of(folder.absolute()).top
    except InputError:
        top = None
    known: dict[Cell, str | None] = {}
    for row in rows:
        file = row.get("file")
        if file not in known:
            known[file] = _from_top(Path(str(file)), top) if file and top else None
        yield {**row, "repository_file": known[file]} if known[file] else row


def _from_top(file: Path, top: Path) -> str | None:
    """The path from the top, links on the way to the file followed; None for a file outside."""
    place = file.absolute().parent.resolve() / file.name
    return place.relative_to(top).as_posix() if place.is_relative_to(top) else None

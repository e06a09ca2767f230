"""Which commits a check is about, for whoever reads its report later."""

from __future__ import annotations

from pathlib import Path

from mbconv_cli.check.sides import Against, name_of
from mbconv_cli.errors import InputError
from mbconv_cli.git.repository import head_commit, repository_of
from mbconv_cli.git.revisions import SHORT_ID, Revision
from mbconv_cli.report.model import Cell


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

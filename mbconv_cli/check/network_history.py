"""When did a network get heavier, and by which commit? Its exact figures over the history of its repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.check.metrics import EXACT, exact_metrics
from mbconv_cli.errors import InputError
from mbconv_cli.git.commit_log import LoggedCommit, commits_touching, contents_at
from mbconv_cli.git.repository import Repository
from mbconv_cli.git.revisions import SHORT_ID, Revision, RevisionPath
from mbconv_cli.measure.latency import Progress
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.report.model import Better, Cell, Column, Excerpt, Kind, Plot, Priority, Report, Row, Section
from mbconv_cli.spec.catalogue import SUFFIXES, Catalogue, decode
from mbconv_cli.spec.loader import load_file, load_text
from mbconv_cli.units import CHANGE, counted

COMMITS: Final = "commits"
_PLOTTED: Final = 4
"""Networks whose curves a reader can distinguish."""


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """What is asked.

    Attributes:
        repository: whose history.
        networks: the paths from its top, by what a report calls them.
        reach: a revision, or `A..B`.
        metrics: keys of exact metrics; the first one is drawn.
        catalogue: where names are looked up.
        progress: takes the share that is done.
    """

    repository: Repository
    networks: Mapping[str, PurePosixPath]
    reach: str
    metrics: Sequence[str]
    catalogue: Catalogue
    progress: Progress


def network_history(asked: HistoryRequest) -> Report:
    """A row for each commit that touches YAML files and each network; for people, those where a figure changed.

    Raises:
        InputError: there is no such range of revisions, or no commit in it has one of the networks.
    """
    commits = commits_touching(asked.repository, asked.reach, *SUFFIXES)
    rows = [row for name, path in asked.networks.items() for row in _rows(asked, name, path, commits)]
    if not any(row["state"] != "absent" for row in rows):
        names = ", ".join(asked.networks)
        raise InputError(f"no commit of {asked.reach} has {names}; name a file by its path, and a range as A..B")
    changed = tuple(row for row in rows if row["changed"])
    shown = tuple({key: cell for key, cell in row.items() if key != "changed"} for row in rows)
    excerpt = tuple({key: cell for key, cell in row.items() if key != "changed"} for row in changed)
    return Report(
        "history",
        provenance(),
        {"name": ", ".join(asked.networks), "range": asked.reach},
        {"commits": len(commits), "changes": len(changed)},
        {
            COMMITS: Section(
                _columns(asked.metrics), shown, _plot(asked, shown), Excerpt("commits that change it", excerpt)
            )
        },
        (f"commits: {counted(len(commits), 'commit')} that touch YAML files, of a merge what it brought in",),
    )


def _columns(metrics: Sequence[str]) -> tuple[Column, ...]:
    figures = [Column(key, EXACT[key].unit, Kind.EXACT, Better.LOWER) for key in metrics]
    return (
        Column("number", priority=Priority.EXTRA),
        Column("commit"),
        Column("date"),
        Column("network", priority=Priority.CONTEXT),
        *figures,
        Column("change", CHANGE, Kind.EXACT, Better.LOWER),
        Column("state", priority=Priority.DETAIL),
        Column("subject", priority=Priority.DETAIL),
    )


def _plot(asked: HistoryRequest, rows: Sequence[Row]) -> Plot | None:
    """The first metric over the commits, where there is a curve to see."""
    key = asked.metrics[0]
    points = tuple(row for row in rows if row.get(key) is not None)
    several = len(asked.networks) > 1
    if len(points) < 2 or len(asked.networks) > _PLOTTED:
        return None
    return Plot("number", (key,), by="network" if several else None, rows=points)


def _rows(
    asked: HistoryRequest, name: str, path: PurePosixPath, commits: Sequence[LoggedCommit]
) -> Iterator[dict[str, Cell]]:
    """A network's rows, the oldest commit first."""
    if not commits:
        return
    start = LoggedCommit(f"{commits[0].id}^", "", "")  # what the first commit changes is a change, too
    first, *contents = contents_at(asked.repository, [(commit.id, path) for commit in (start, *commits)])
    known: dict[bytes, dict[str, int] | str] = {}
    before = _figures(asked, path, start, first, known)
    for number, (commit, content) in enumerate(zip(commits, contents, strict=True), 1):
        figures = _figures(asked, path, commit, content, known)
        yield _row(asked.metrics, number, commit, name, before, figures)
        before = figures
        asked.progress(number / len(commits))


def _figures(
    asked: HistoryRequest,
    path: PurePosixPath,
    commit: LoggedCommit,
    content: bytes | None,
    known: dict[bytes, dict[str, int] | str],
) -> dict[str, int] | str:
    """All exact metrics as of a commit, or why there are none; a file that extends nothing is planned once."""
    if content is None:
        return "absent"
    extends = b"extends" in content
    if content in known and not extends:
        return known[content]
    place = RevisionPath(Revision(asked.repository, commit.id[:SHORT_ID], commit.id), path)
    try:
        if extends:
            loaded = load_file(place, asked.catalogue)
        else:
            loaded = load_text(decode(content, str(place)), str(place), name=path.stem, catalogue=asked.catalogue)
        found: dict[str, int] | str = exact_metrics(plan_loaded(loaded))
    except InputError:
        found = "unreadable"
    if not extends:
        known[content] = found
    return found


def _row(
    metrics: Sequence[str],
    number: int,
    commit: LoggedCommit,
    network: str,
    before: dict[str, int] | str,
    figures: dict[str, int] | str,
) -> dict[str, Cell]:
    then, now = ({} if isinstance(one, str) else one for one in (before, figures))
    first = metrics[0]
    share = (now[first] - then[first]) / then[first] if first in now and then.get(first) else None
    moved = [now.get(key) for key in metrics] != [then.get(key) for key in metrics]
    return {
        "number": number,
        "commit": commit.id[:SHORT_ID],
        "date": commit.date[:10],
        "network": network,
        **{key: now.get(key) for key in metrics},
        "change": share,
        "state": _state(figures),
        "subject": commit.subject,
        "changed": moved or _state(before) != _state(figures),
    }


def _state(figures: dict[str, int] | str) -> str:
    return figures if isinstance(figures, str) else "ok"

"""What does every point of a design space cost, and which are the best?"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from mbconv_cli.analysis.columns import BYTES, FLOPS, LATENCY, LAUNCHED, MACS, PARAMS
from mbconv_cli.analysis.pareto import Front
from mbconv_cli.analysis.prediction.predicted_profile import PREDICTED, prediction_notes
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.analysis.sweep.evaluation import ERROR, POINT, Chunk, Figures, SweepJob
from mbconv_cli.analysis.sweep.row_files import RowFile, decoded_rows
from mbconv_cli.report.model import Better, Column, Kind, Plot, Priority, Report, Row, Section
from mbconv_cli.units import BYTE, counted

PEAK: Final = Column("peak_bytes", BYTE, Kind.EXACT, Better.LOWER, priority=Priority.DETAIL)
COSTS: Final = (PARAMS, MACS, FLOPS, BYTES, PEAK)
COST_KEYS: Final = tuple(column.key for column in COSTS)
LATENCY_MS: Final = LATENCY[0].key
RANK: Final = Column("rank")
MOST_PLOTTED: Final = 300
MOST_LABELS: Final = 26
"""Points of a front that are named beside a plot."""
MOST_ERRORS: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report shows of all rows.

    Attributes:
        objectives: two costs or more, each the lower the better, whose Pareto front is marked.
        sort: the cost by which rows are sorted.
        top: how many rows are shown beside the front; None for all.
    """

    objectives: tuple[str, ...] = ("macs", "params")
    sort: str = "macs"
    top: int | None = 20


@dataclass(slots=True)
class Findings:
    """What is kept of the rows while they pass: of any number of rows, about as much.

    Attributes:
        wanted: what a report will show.
        kept: rows that satisfy all conditions.
        invalid: points that no network can have.
        errors: the reasons of the first of these.
    """

    wanted: Wanted
    kept: int = 0
    invalid: int = 0
    errors: dict[str, None] = field(default_factory=dict)
    front: Front[Figures] = field(init=False)
    plotted: list[Figures] = field(default_factory=list)
    _best: list[tuple[Any, int, Figures]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _choice: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - which dots are drawn

    def __post_init__(self) -> None:
        self.front = Front(lambda row: tuple(row[key] for key in self.wanted.objectives))

    def take(self, rows: Iterable[Figures]) -> None:
        """Take rows into account."""
        for row in rows:
            if ERROR in row:
                self.invalid += 1
                if len(self.errors) < MOST_ERRORS:
                    self.errors[row[ERROR]] = None
                continue
            self.kept += 1
            self.front.add(row)
            self._remember_best(row)
            self._remember_plotted(row)

    def best(self) -> list[Figures]:
        """The first rows in the order asked for; equal ones in the order of their points."""
        return [row for _, _, row in sorted(self._best, key=lambda item: (-item[0], -item[1]))]

    def _remember_best(self, row: Figures) -> None:
        item = (-row[self.wanted.sort], -next(self._order), row)  # the largest of these is the best row
        if self.wanted.top is None or len(self._best) < self.wanted.top:
            heapq.heappush(self._best, item)
        elif self._best:
            heapq.heappushpop(self._best, item)

    def _remember_plotted(self, row: Figures) -> None:
        """A uniform sample of all rows (reservoir sampling, Vitter 1985, algorithm R)."""
        if len(self.plotted) < MOST_PLOTTED:
            self.plotted.append(row)
        elif (place := self._choice.randrange(self.kept)) < MOST_PLOTTED:
            self.plotted[place] = row


def run_sweep(
    job: SweepJob,
    chunks: Callable[[int], Iterator[Chunk]],
    wanted: Wanted,
    *,
    file: RowFile | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Evaluate a job's points, those that a file has already excepted.

    Args:
        job: the points.
        chunks: from a first position on, the chunks in their order.
        wanted: what is kept of the rows.
        file: where every row goes.
        progress: called with the number of points that are done.
    """
    findings = Findings(wanted)
    first = 0
    if file is not None:
        first = file.position()
        findings.take(file.rows())
    progress(first)
    for chunk in chunks(first):
        if file is not None:
            file.append(chunk)
        findings.take(decoded_rows(chunk.rows))
        progress(min(chunk.stop, job.positions))
    return findings


def sweep_report(job: SweepJob, findings: Findings) -> Report:
    """The best rows, the Pareto front, and a plot of both."""
    wanted = findings.wanted
    axes = tuple(Column(axis.name) for axis in job.space.axes)
    measured = (PREDICTED, *LATENCY, *LAUNCHED, RANK)
    timed = tuple(column for column in measured if any(column.key in row for row in findings.best()))
    columns = (Column(POINT), *axes, *COSTS, *timed, Column("pareto"))
    on_front = {row[POINT] for row in findings.front.items}
    front = sorted(findings.front.items, key=lambda row: tuple(row[key] for key in wanted.objectives))

    def marked(rows: Iterable[Figures]) -> tuple[Row, ...]:
        keys = (POINT, *(axis.name for axis in job.space.axes), *COST_KEYS, *(column.key for column in timed))
        return tuple({key: row[key] for key in keys if key in row} | {"pareto": row[POINT] in on_front} for row in rows)

    return Report(
        "sweep",
        provenance(),
        {"name": job.space.name, "space": job.space.size, "evaluated": job.positions},
        {"points": findings.kept},
        {
            "front": Section(columns, marked(front)),
            "points": Section(columns, marked(findings.best()), _plot(findings, marked)),
        },
        tuple(_notes(job, findings)),
    )


def _plot(findings: Findings, marked: Callable[[Iterable[Figures]], tuple[Row, ...]]) -> Plot:
    """The first two objectives of the front and of a sample of the other rows."""
    x, y = findings.wanted.objectives[:2]
    shown = {row[POINT]: row for row in (*findings.plotted, *findings.front.items)}
    few = len(findings.front.items) <= MOST_LABELS
    points = [
        {key: row[key] for key in (x, y, "pareto")}
        | {"name": f"point {row[POINT]}"}
        | ({"label": f"point {row[POINT]}"} if few and row["pareto"] else {})
        for row in marked(shown.values())
    ]
    return Plot(x, (y,), by="pareto", rows=tuple(points), front=True)


def _notes(job: SweepJob, findings: Findings) -> Iterator[str]:
    wanted = findings.wanted
    drawn = f"{counted(job.positions, 'point')} drawn with seed {job.seed}" if job.sample is not None else "every point"
    size, axes = counted(job.space.size, "point"), counted(len(job.space.axes), "axis", "axes")
    yield f"space: {size} along {axes}; {drawn} evaluated"
    if job.conditions:
        texts = " and ".join(condition.text for condition in job.conditions)
        yield f"kept: {counted(findings.kept, 'point')} where {texts}"
    if findings.invalid:
        reasons = "; ".join(findings.errors)
        what = "no network, or cannot be predicted" if job.table else "no network"
        yield f"warning: {counted(findings.invalid, 'point')} left out: {what}, e.g. {reasons}"
    if job.table:
        yield from prediction_notes(job.table)
    yield f"front: no other point is as low in {' and '.join(wanted.objectives)}; of equal points the first"
    if wanted.top is not None and findings.kept > wanted.top:
        yield f"shown: the front, and the {wanted.top:,} points with the least {wanted.sort}; --rows FILE keeps all"

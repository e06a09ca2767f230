"""The points of a plot that are its front: the steps between them, and letters for their names."""

from __future__ import annotations

import itertools
import string
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from mbconv_cli.report.model import Plot, Row, Section

LETTERS: Final = string.ascii_lowercase + string.ascii_uppercase

Cell: TypeAlias = tuple[int, int]
"""(row, column), counted from the lowest values."""


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A point of a front.

    Attributes:
        x: its place along the axis.
        y: its height.
        letter: that stands for it; empty where it has no name, or there are more points than letters.
        label: its name.
    """

    x: float
    y: float
    letter: str = ""
    label: str = ""


def front_points(section: Section, plot: Plot) -> list[FrontPoint]:
    """The points of the front along the axis; none where the plot has no front, or several curves."""
    rows = section.rows if plot.rows is None else plot.rows
    if plot.front is None or plot.by is None or len(plot.y) > 1:
        return []
    points = [(*_place(row, plot), str(row.get("label") or "")) for row in rows if row.get(plot.by) == plot.front]
    known = sorted((x, y, label) for x, y, label in points if x is not None and y is not None)
    named = [label for _, _, label in known if label]
    letters = iter(LETTERS if len(named) <= len(LETTERS) else "")
    return [FrontPoint(x, y, next(letters, "") if label else "", label) for x, y, label in known]


def steps(points: list[FrontPoint], cell: Callable[[float, float], Cell]) -> Iterator[Cell]:
    """The cells between neighbouring points: along from the first one, then up or down to the second.

    Args:
        points: along the axis.
        cell: of an x and a y.
    """
    for before, after in itertools.pairwise(points):
        (row, column), (last_row, last_column) = cell(before.x, before.y), cell(after.x, after.y)
        yield from ((row, each) for each in range(column, last_column))
        yield from ((each, last_column) for each in range(min(row, last_row), max(row, last_row) + 1))


def names(points: list[FrontPoint], width: int) -> list[str]:
    """What the letters stand for, in lines of a width."""
    parts = [f"{point.letter}\N{NO-BREAK SPACE}{point.label}" for point in points if point.letter]
    lines = textwrap.wrap("   ".join(parts), width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _place(row: Row, plot: Plot) -> tuple[float | None, float | None]:
    x, y = row.get(plot.x), row.get(plot.y[0])
    return (
        float(x) if isinstance(x, int | float) else None,
        float(y) if isinstance(y, int | float) else None,
    )

"""A section's curves, drawn in characters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from mbconv_cli.render.cells import ROUNDED_FROM, title, value_text
from mbconv_cli.render.front import FrontPoint, front_points, names, steps
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Cell, Column, Plot, Row, Section
from mbconv_cli.units import decimal

HEIGHT: Final = 14
MOST_COLUMNS: Final = 72
LEAST_COLUMNS: Final = 16
LABEL_WIDTH: Final = 8
_GAP: Final = 2


Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pen:
    """The characters that a plot is drawn with; `curves` are taken in turn, `step` joins the points of a front."""

    curves: str
    level: str
    mark: str
    step: str


UNICODE_PEN: Final = Pen("●◆○+", "─", "│", "·")
ASCII_PEN: Final = Pen("ox*+", "-", "|", ".")


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values and the cells that it is spread over; logarithmic where steps are uneven."""

    low: float
    high: float
    cells: int
    logarithmic: bool = False

    def cell(self, value: float) -> int:
        """The cell that a value falls into."""
        span = self._place(self.high) - self._place(self.low)
        share = (self._place(value) - self._place(self.low)) / span if span else 0.5
        return round(share * (self.cells - 1))

    def holds(self, value: float) -> bool:
        """Whether a value lies within the range."""
        return self.low <= value <= self.high

    def _place(self, value: float) -> float:
        return math.log(value) if self.logarithmic else value


def draw(section: Section, plot: Plot, style: Style) -> str:
    """The curves over the axis, with the level as a line across, the marks as lines upwards, and a legend.

    A point that has a `label` is a letter, which the legend explains.

    Returns:
        Lines of text; nothing but a sentence where there are not two points.
    """
    curves = _curves(section, plot)
    xs = sorted({x for points in curves.values() for x, _ in points})
    if len(xs) < 2:
        return "too few points to draw"
    pen = UNICODE_PEN if style.unicode else ASCII_PEN
    ys = [y for points in curves.values() for _, y in points] + ([] if plot.level is None else [plot.level])
    columns = min(max((style.width or MOST_COLUMNS) - LABEL_WIDTH - _GAP, LEAST_COLUMNS), MOST_COLUMNS)
    horizontal = Axis(xs[0], xs[-1], columns, logarithmic=by_factors(xs))
    vertical = Axis(min(ys), max(ys), HEIGHT)
    front = front_points(section, plot)
    rows = _canvas(curves, front, plot, pen, horizontal, vertical)
    lines = [f"{label:>{LABEL_WIDTH}} {row}" for label, row in zip(_labels(vertical, plot), rows, strict=True)]
    lines.append(" " * (LABEL_WIDTH + 1) + _ticks(horizontal, plot.marks))
    lines += [" " * (LABEL_WIDTH + 1) + line for line in (_legend(curves, front, plot, pen), *names(front, columns))]
    return "\n".join(lines)


def _curves(section: Section, plot: Plot) -> dict[str, list[Point]]:
    """The points of each curve that has any, under its title."""
    rows = section.rows if plot.rows is None else plot.rows
    if plot.by is None:
        curves = {title(Column(key)): _points(rows, plot.x, key) for key in plot.y}
    else:
        groups = {row.get(plot.by): None for row in rows}
        curves = {
            _group_title(key, plot.by, group): _points([row for row in rows if row.get(plot.by) == group], plot.x, key)
            for key in plot.y
            for group in sorted(groups, key=str)
        }
    return {name: points for name, points in curves.items() if points}


def _group_title(key: str, by: str, group: Cell) -> str:
    return f"{title(Column(key))}, {title(Column(by))}: {value_text(group, Column(by))}"


def _points(rows: Sequence[Row], x_key: str, y_key: str) -> list[Point]:
    cells = [(row.get(x_key), row.get(y_key)) for row in rows]
    return [(x, y) for x, y in cells if isinstance(x, int | float) and isinstance(y, int | float)]


def by_factors(values: Sequence[float]) -> bool:
    """Whether values are spread by their logarithm: where they are positive, and steps between them are uneven."""
    return values[0] > 0 and not _even_steps(values)


def figure_text(value: float) -> str:
    """Four digits, of a large number with a prefix."""
    return decimal(value) if abs(value) >= ROUNDED_FROM else f"{value:.4g}"


def _even_steps(values: Sequence[float]) -> bool:
    steps = [after - before for before, after in itertools.pairwise(values)]
    return max(steps) - min(steps) < 1e-9 * max(steps)


def _canvas(
    curves: dict[str, list[Point]],
    front: list[FrontPoint],
    plot: Plot,
    pen: Pen,
    horizontal: Axis,
    vertical: Axis,
) -> list[str]:
    """Rows of characters, the highest values first; letters go over all others."""
    rows = [[" "] * horizontal.cells for _ in range(vertical.cells)]
    for mark in plot.marks:
        for row in rows if horizontal.holds(mark) else []:
            row[horizontal.cell(mark)] = pen.mark
    if plot.level is not None:
        rows[vertical.cell(plot.level)] = [pen.level] * horizontal.cells
    for place, column in steps(front, lambda x, y: (vertical.cell(y), horizontal.cell(x))):
        rows[place][column] = pen.step
    for symbol, points in zip(_symbols(curves, pen), curves.values(), strict=True):
        for x, y in points:
            rows[vertical.cell(y)][horizontal.cell(x)] = symbol
    for point in front:
        if point.letter:
            rows[vertical.cell(point.y)][horizontal.cell(point.x)] = point.letter
    return ["".join(row).rstrip() for row in reversed(rows)]


def _symbols(curves: dict[str, list[Point]], pen: Pen) -> list[str]:
    return [pen.curves[index % len(pen.curves)] for index in range(len(curves))]


def _labels(vertical: Axis, plot: Plot) -> list[str]:
    """A label for each row, the highest values first; most are empty."""
    values = [vertical.low, vertical.high, *([] if plot.level is None else [plot.level])]
    labels = {vertical.cell(value): figure_text(value) for value in values}
    return [labels.get(cell, "") for cell in reversed(range(vertical.cells))]


def _ticks(horizontal: Axis, marks: Sequence[float]) -> str:
    """The ends of the axis and the marks, each below its place as far as there is room."""
    line = ""
    for value in sorted({horizontal.low, horizontal.high, *filter(horizontal.holds, marks)}):
        start = horizontal.cell(value)
        line = f"{line:<{start}}" if not line or len(line) < start else f"{line} "
        line += figure_text(value)
    return line


def _legend(curves: dict[str, list[Point]], front: list[FrontPoint], plot: Plot, pen: Pen) -> str:
    symbols = dict(zip(curves, _symbols(curves, pen), strict=True))
    letters = [point.letter for point in front if point.letter]
    if letters and plot.by is not None:
        symbols[_group_title(plot.y[0], plot.by, plot.front)] = "-".join(dict.fromkeys((letters[0], letters[-1])))
    parts = [f"{symbol} {name}" for name, symbol in symbols.items()]
    parts += [f"{pen.mark} {title(Column(plot.x))} = {figure_text(mark)}" for mark in plot.marks]
    return f"over {title(Column(plot.x))}: " + "   ".join(parts)

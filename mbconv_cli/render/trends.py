"""Which changes are for the better and which for the worse: green and red wherever a report compares."""

from __future__ import annotations

from typing import Final

from mbconv_cli.report.model import Better, Cell, Column, Row, Section
from mbconv_cli.units import CHANGE, RATIO

BETTER: Final = "better"
WORSE: Final = "worse"
TREND_STYLES: Final = {BETTER: "green", WORSE: "red", "": ""}
VERDICT_STYLES: Final = {
    "pass": "green",
    "fail": "red",
    "missing": "red",
    "error": "red",
    "inconclusive": "yellow",
    "not comparable": "yellow",
    "warning": "yellow",
    "off": "dim",
}


def trends_of(section: Section, column: Column) -> tuple[str, ...]:
    """`better`, `worse` or nothing for each row of a column; nothing at all for one that holds no changes.

    A section with verdicts has its colours there: a change within its limit is no alarm.
    """
    judged = any(one.key == "verdict" for one in section.columns)
    if judged or column.better is Better.NEITHER or not _compares(column):
        return ()
    return tuple(_trend(row, column) for row in section.rows)


def trend(change: float, better: Better) -> str:
    """Whether a difference is for the better, given which direction of the figure is."""
    if change == 0 or better is Better.NEITHER:
        return ""
    return BETTER if (change < 0) == (better is Better.LOWER) else WORSE


def _compares(column: Column) -> bool:
    return column.unit in {CHANGE, RATIO} or column.key.endswith("difference")


def _trend(row: Row, column: Column) -> str:
    value = row.get(column.key)
    if not isinstance(value, int | float):
        return ""
    if column.unit != RATIO:
        return trend(value, column.better)
    low, high = row.get(f"{column.key}_low"), row.get(f"{column.key}_high")
    return trend(value - 1, column.better) if _apart_from_one(low, high) else ""


def _apart_from_one(low: Cell, high: Cell) -> bool:
    """Whether a ratio's interval leaves out 1: nothing else is a change."""
    return isinstance(low, float) and isinstance(high, float) and not low <= 1 <= high

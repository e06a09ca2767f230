"""How a cell is written for people, the same in every format that people read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, assert_never

from mbconv_cli.report.model import Cell, Column, Kind, Row, Section
from mbconv_cli.units import (
    BYTE,
    CHANGE,
    FLOP,
    FRACTION,
    MAC,
    MILLISECOND,
    PARAM,
    PERCENT,
    RATIO,
    SHARE,
    binary,
    decimal,
    milliseconds,
)

TITLES: Final[Mapping[str, str]] = {
    "latency_ms": "ms",
    "latency_ms_per_image": "ms per image",
    "latency_share": "share",
    "macs": "MACs",
    "peer_macs": "peer MACs",
    "macs_share": "share of MACs",
    "flops": "FLOPs",
    "detectable": "detectable slowdown",
    "paper_crossing": "= N at the crossing on paper",
    "built_crossing": "= N at the crossing as built",
    "params_difference": "params diff",
    "macs_difference": "MACs diff",
    "bytes_difference": "bytes diff",
}
BATCH_LATENCY: Final = re.compile(r"latency_ms_batch_([0-9]+)")
_LOW: Final = "_low"
_HIGH: Final = "_high"
SPREAD_SUFFIXES: Final = (_LOW, _HIGH)
SAMPLES_SUFFIX: Final = "_samples"
PLUS_MINUS: Final = " ±"
FROM_HERE_WHOLE: Final = 10_000
ROUNDED_FROM: Final = 10_000
"""Counts below this are short enough with all their digits."""


def title(column: Column, section_name: str = "") -> str:
    """The head of a column; names are headed by what they name, which is the section: `layers` -> `layer`."""
    if column.key == "name" and section_name:
        return section_name.removesuffix("s").replace("_", " ")
    if match := BATCH_LATENCY.fullmatch(column.key):
        return f"ms at {match[1]}"
    return TITLES.get(column.key, column.key.replace("_", " "))


def visible_columns(section: Section) -> list[Column]:
    """All columns but the two ends of intervals: these are written beside their figure."""
    keys = {column.key for column in section.columns}
    return [
        column
        for column in section.columns
        if not any(column.key.endswith(end) and column.key.removesuffix(end) in keys for end in SPREAD_SUFFIXES)
    ]


def cell_text(row: Row, column: Column, *, rounded: bool = False) -> str:
    """One cell; empty where the row has none, and with its interval's half width where it has one.

    Args:
        row: the cells.
        column: which one.
        rounded: whether a large count is written with a prefix, `385.8 M`, in place of all its digits.
    """
    value, own = row.get(column.key), _with_unit(column, row)
    text = (_prefixed(value, own.unit) if rounded else None) or value_text(value, own)
    low, high = row.get(column.key + _LOW), row.get(column.key + _HIGH)
    if isinstance(low, float) and isinstance(high, float):
        beside = value if isinstance(value, float) else None
        text += f"{PLUS_MINUS}{milliseconds((high - low) / 2, beside=beside)}"
    return text


def value_text(value: Cell, column: Column) -> str:
    """A value in its column's unit."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return "x".join(map(str, value))
        case int() | float() if column.unit in {SHARE, FRACTION}:
            return f"{100 * value:.1f}%"
        case int() | float() if column.unit == CHANGE:
            return change_percent(value)
        case int() | float() if column.unit == PERCENT:
            return f"{value:.2f}"
        case int() | float() if column.unit == RATIO:
            return f"{value:.3f}"
        case int() | float() if column.unit == MILLISECOND:
            return milliseconds(value)
        case int():
            return f"{value:,}"
        case float() if abs(value) >= FROM_HERE_WHOLE:
            return f"{value:,.0f}"  # 765,100 and not 7.651e+05
        case float():
            return f"{value:,.4g}"
    assert_never(value)


def has_large_counts(rows: Iterable[Row], column: Column) -> bool:
    """Whether a column has whole numbers that may be written with a prefix."""
    return any(isinstance(value := row.get(column.key), int) and abs(value) >= ROUNDED_FROM for row in rows)


def _prefixed(value: Cell, unit: str) -> str | None:
    """A large count with a prefix; None for all else."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) < ROUNDED_FROM:
        return None
    if unit == BYTE:
        return binary(value)
    return decimal(value) if unit in {MAC, FLOP, PARAM} else None


def _with_unit(column: Column, row: Row) -> Column:
    """A column of figures that has no unit takes that of the row, where it has one."""
    if column.unit or column.kind is Kind.LABEL:
        return column
    unit = row.get("unit")
    return replace(column, unit=unit) if isinstance(unit, str) else column


def change_percent(share: float) -> str:
    """A change in percent; one that is not zero never looks like zero."""
    return f"{100 * share:+.1f}%" if share == 0 or abs(share) >= 0.0005 else f"{100 * share:+.1g}%"


def is_numeric(section: Section, column: Column) -> bool:
    """Whether a column holds nothing but figures, and so is set flush right."""
    cells = [row.get(column.key) for row in section.rows]
    return column.kind is not Kind.LABEL or all(isinstance(cell, int | float) for cell in cells)


def subject_line(subject: Mapping[str, Cell]) -> str:
    """What a report is about, in one line."""
    parts = []
    for key, value in subject.items():
        if value is True:
            parts.append(key.replace("_", " "))
            continue
        text = "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
        parts.append(text if key in {"name", "dtype"} else f"{key.replace('_', ' ')} {text}")
    return ", ".join(parts)


def totals_parts(totals: Mapping[str, Cell], columns: Mapping[str, Column]) -> list[str]:
    """The totals, each figure before its name; the notes give the number of samples behind a figure."""
    parts = []
    for key in totals:
        if key.endswith((*SPREAD_SUFFIXES, SAMPLES_SUFFIX)):
            continue
        column = columns.get(key, Column(key))
        name = title(column)
        one = totals[key] == 1 and isinstance(totals[key], int)
        parts.append(f"{cell_text(totals, column)} {name.removesuffix('s') if one else name}")
    return parts


def total_columns(sections: Mapping[str, Section]) -> dict[str, Column]:
    """The columns of all sections by key: a total has the unit of the column it sums."""
    return {column.key: column for section in sections.values() for column in section.columns}

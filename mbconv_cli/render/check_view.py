"""A check's report as people read it: the worst first, a sentence for all that is not well, and nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mbconv_cli.render.checks import Check, worst_first
from mbconv_cli.report.model import Cell, Column, Report, Row, Section
from mbconv_cli.report.verdict import CHECK_COLUMNS, CHECKS, Severity

MEASURED: Final = "measured slowdown"
"""The section of what was measured: too many columns to stand beside the exact figures."""
WARNING: Final = "warning"
"""What a failure is called that only warns."""

_BY_KEY: Final = {column.key: column for column in CHECK_COLUMNS}
_READ: Final = (*(_BY_KEY[key] for key in ("network", "metric", "base", "head", "change", "limit")), Column("verdict"))
_MEASURED: Final = tuple(
    _BY_KEY[key] for key in ("network", "ratio", "ratio_low", "ratio_high", "detectable", "processes")
)
_TOTALS: Final = ("errors", "failed", "inconclusive", "not_comparable", "warned", "passed")
_WELL: Final = (Severity.PASSED, Severity.OFF)


def for_reading(report: Report) -> Report:
    """The report with its rows in order, measured figures in a section of their own, and messages as notes."""
    found = worst_first(report)
    return replace(
        report,
        totals=totals(report),
        sections=sections(found),
        notes=(*(sentence(check) for check in found if not is_well(check)), *report.notes),
    )


def totals(report: Report) -> dict[str, Cell]:
    """The counts that are not zero, the worst first, and how many passed in any case."""
    counts = {key: report.totals.get(key) for key in _TOTALS}
    shown = {key: count for key, count in counts.items() if count or key == "passed"}
    return {"error" if (key, count) == ("errors", 1) else key: count for key, count in shown.items()}


def sections(found: Sequence[Check]) -> dict[str, Section]:
    """The checks as a table, and the measured ones as another if there are any."""
    measured = tuple(check.row for check in found if check.number("ratio") is not None)
    tables = {CHECKS: Section(_READ, tuple(map(_row, found)))}
    return tables | ({MEASURED: Section(_MEASURED, measured)} if measured else {})


def sentence(check: Check) -> str:
    """The verdict, with whom, why, and where."""
    return f"{shown_verdict(check)}: {explanation(check)}"


def explanation(check: Check) -> str:
    """With whom, why, and where."""
    place = f"({check.place})" if check.place else ""
    text = " ".join(filter(None, (check.message, place)))
    return ": ".join(filter(None, (check.name, text)))


def shown_verdict(check: Check) -> str:
    """The verdict, or that its failure only warns."""
    return WARNING if check.severity is Severity.WARNED else check.verdict.value


def is_well(check: Check) -> bool:
    """Whether there is nothing to say about it."""
    return check.severity in _WELL


def _row(check: Check) -> Row:
    return dict(check.row) | {"verdict": shown_verdict(check)}

"""A check's report as people read it: what changed, the worst first, and a sentence for each cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from mbconv_cli.render.causes import by_impact, causes, has_changed, improved, news, shown_verdict
from mbconv_cli.render.checks import Check, checks, is_well
from mbconv_cli.report.model import Cell, Column, Report, Row, Section
from mbconv_cli.report.verdict import CHECK_COLUMNS, CHECKS
from mbconv_cli.units import counted

MEASURED: Final = "measured slowdown"
"""The section of what was measured: too many columns to stand beside the exact figures."""

_BY_KEY: Final = {column.key: column for column in CHECK_COLUMNS}
_READ: Final = (*(_BY_KEY[key] for key in ("network", "metric", "base", "head", "change", "limit")), Column("verdict"))
_MEASURED: Final = tuple(
    _BY_KEY[key] for key in ("network", "ratio", "ratio_low", "ratio_high", "detectable", "processes")
)
_TOTALS: Final = ("errors", "failed", "inconclusive", "not_comparable", "warned", "improved", "passed")


def for_reading(report: Report, *, verbose: bool = False) -> Report:
    """The report with the rows that changed, measured figures in a section of their own, and a note for each cause.

    Args:
        report: of a check.
        verbose: whether to show all rows.
    """
    found = checks(report)
    shown = [check for check in by_impact(found) if verbose or is_shown(check)]
    notes = (f"{cause.verdict}: {cause.sentence}" for cause in causes(found))
    return replace(
        report,
        totals=totals(report),
        sections=sections(shown),
        notes=(
            *notes,
            *([f"networks: {text}"] if (text := news(found)) else []),
            *report.notes,
            *_hidden(found, shown),
        ),
    )


def is_shown(check: Check) -> bool:
    """Whether a row is shown unasked."""
    return not is_well(check) or has_changed(check)


def _hidden(found: Sequence[Check], shown: Sequence[Check]) -> Iterator[str]:
    if count := len(found) - len(shown):
        names = {check.network for check in found}
        yield f"unchanged: {counted(count, 'check')} of {counted(len(names), 'network')} in all; --verbose shows them"


def totals(report: Report) -> dict[str, Cell]:
    """The counts that are not zero, the worst first, and how many passed in any case."""
    known: dict[str, Cell] = {**report.totals, "improved": len(improved(checks(report)))}
    shown = {key: known.get(key) for key in _TOTALS if known.get(key) or key == "passed"}
    return {"error" if (key, count) == ("errors", 1) else key: count for key, count in shown.items()}


def sections(found: Sequence[Check]) -> dict[str, Section]:
    """The checks as a table, and the measured ones as another, where there are any."""
    if not found:
        return {}
    measured = tuple(check.row for check in found if check.number("ratio") is not None)
    tables = {CHECKS: Section(_READ, tuple(map(_row, found)))}
    return tables | ({MEASURED: Section(_MEASURED, measured)} if measured else {})


def sentence(check: Check) -> str:
    """The verdict, with whom, why, where, and the next step."""
    place = f"({check.place})" if check.place else ""
    text = " ".join(filter(None, (check.message, place)))
    step = f"; next: {check.row['next_step']}" if check.row.get("next_step") else ""
    return f"{shown_verdict(check)}: {': '.join(filter(None, (check.name, text)))}{step}"


def _row(check: Check) -> Row:
    return dict(check.row) | {"verdict": shown_verdict(check)}

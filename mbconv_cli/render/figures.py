"""A report's figures as one list, for services that keep their history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mbconv_cli.render.cells import total_columns
from mbconv_cli.render.checks import checks
from mbconv_cli.render.safe_text import safe
from mbconv_cli.report.model import Report
from mbconv_cli.report.verdict import CHECK

NAMELESS: Final = "network"
"""What a network without a name is called: Bencher refuses a whole file for one empty name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one network, as it is now.

    Attributes:
        network: its name, with nothing in it that HTML, Markdown or a terminal would obey.
        metric: the key of the metric.
        unit: what the figures are in.
        value: the figure.
        low: the lower end of its confidence interval, where it was measured.
        high: the upper end.
        remark: what else is worth keeping.
    """

    network: str
    metric: str
    unit: str
    value: int | float
    low: float | None = None
    high: float | None = None
    remark: str = ""


def figures(report: Report) -> list[Figure]:
    """Every figure of the networks of a check or of a profile; in all of them smaller is better."""
    return list(_of_checks(report) if report.kind == CHECK else _of_totals(report))


def _of_checks(report: Report) -> Iterator[Figure]:
    known = report.provenance.settings
    when = f"commit {known['commit']} of {known.get('commit_date')}" if known.get("commit") else ""
    for check in checks(report):
        head = check.number("head")
        if head is not None:
            remark = ", ".join(filter(None, (check.verdict.value, str(check.row.get("limit") or ""), when)))
            unit = str(check.row.get("unit") or "")
            interval = (check.number("head_low"), check.number("head_high"))
            network = inert(check.network) or NAMELESS
            yield Figure(network, check.metric, unit, head, *interval, inert(remark))


def _of_totals(report: Report) -> Iterator[Figure]:
    network = inert(str(report.subject.get("name") or NAMELESS))
    columns = total_columns(report.sections)
    for key, value in report.totals.items():
        if key in columns and not key.endswith(("_low", "_high")) and isinstance(value, int | float):
            low, high = (report.totals.get(key + end) for end in ("_low", "_high"))
            interval = (low, high) if isinstance(low, float) and isinstance(high, float) else (None, None)
            yield Figure(network, key, columns[key].unit, value, *interval)


def inert(text: str) -> str:
    """A name that is shown on pages and in comments which others write: what they might obey is written out."""
    return re.sub(r"[&<>`|@]", lambda match: f"\\x{ord(match[0]):x}", safe(text))

"""A check's report as annotations of a workflow on GitHub, on the line of YAML that is to blame.

Syntax: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; what is escaped and how is
that of the toolkit, https://github.com/actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mbconv_cli.render.cells import subject_line, totals_parts
from mbconv_cli.render.check_view import is_well, shown_verdict, totals
from mbconv_cli.render.checks import Check, worst_first
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Cell, Report
from mbconv_cli.report.verdict import Severity

MOST: Final = 10
"""Annotations of a kind that GitHub shows of one step."""
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = _DATA | str.maketrans({":": "%3A", ",": "%2C"})
_ERRORS: Final = (Severity.FAULT, Severity.FAILED)


def render_github(report: Report, _: Style) -> str:
    """A line for the log, then the ten worst checks as errors and warnings, and how many more there are."""
    wrong = [check for check in worst_first(report) if not is_well(check)]
    counts = ", ".join(totals_parts(totals(report), {}))
    lines = [safe(f"mbconv check: {subject_line(report.subject)}: {counts}"), *map(_annotation, wrong[:MOST])]
    return "\n".join([*lines, *_rest(wrong[MOST:])]) + "\n"


def _annotation(check: Check) -> str:
    kind = "error" if check.severity in _ERRORS else "warning"
    place = {"file": check.row.get("file"), "line": check.row.get("line"), "col": check.row.get("column")}
    title = f"{check.name}: {shown_verdict(check)}"
    return _command(kind, {**place, "title": title}, check.message)


def _rest(wrong: Sequence[Check]) -> Iterator[str]:
    if wrong:
        counts = Counter(shown_verdict(check) for check in wrong)
        text = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        yield _command("notice", {"title": "mbconv check"}, f"{len(wrong)} more are in the report: {text}")


def _command(kind: str, properties: Mapping[str, Cell], message: str) -> str:
    """A workflow command; control characters are written out before anything is escaped."""
    given = ",".join(f"{key}={safe(str(value)).translate(_PROPERTY)}" for key, value in properties.items() if value)
    return f"::{kind} {given}::{safe(message).translate(_DATA)}"

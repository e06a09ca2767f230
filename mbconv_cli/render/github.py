"""A check's report as annotations of a workflow on GitHub, on the line of YAML that is to blame.

Syntax: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; what is escaped and how is
that of the toolkit, https://github.com/actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mbconv_cli.render.causes import Cause, causes
from mbconv_cli.render.cells import subject_line, totals_parts
from mbconv_cli.render.check_view import totals
from mbconv_cli.render.checks import checks
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
    """A line for the log, then the ten worst causes as errors and warnings, and how many more there are."""
    found = causes(checks(report))
    counts = ", ".join(totals_parts(totals(report), {}))
    lines = [safe(f"mbconv check: {subject_line(report.subject)}: {counts}"), *map(_annotation, found[:MOST])]
    return "\n".join([*lines, *_rest(found[MOST:])]) + "\n"


def _annotation(cause: Cause) -> str:
    worst = cause.worst
    kind = "error" if worst.severity in _ERRORS else "warning"
    place = {"file": worst.repository_file, "line": worst.row.get("line"), "col": worst.row.get("column")}
    step = f"; next: {cause.next_step}" if cause.next_step else ""
    return _command(kind, {**place, "title": f"{cause.title}: {cause.verdict}"}, f"{cause.what}{step}")


def _rest(found: Sequence[Cause]) -> Iterator[str]:
    if found:
        counts = Counter(cause.verdict for cause in found)
        text = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        yield _command("notice", {"title": "mbconv check"}, f"{len(found)} more causes are in the report: {text}")


def _command(kind: str, properties: Mapping[str, Cell], message: str) -> str:
    """A workflow command; control characters are written out before anything is escaped."""
    given = ",".join(f"{key}={safe(str(value)).translate(_PROPERTY)}" for key, value in properties.items() if value)
    return f"::{kind} {given}::{safe(message).translate(_DATA)}"

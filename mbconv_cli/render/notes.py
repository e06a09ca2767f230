"""A report's notes for people: which stand first, and how much of the others is shown."""

from __future__ import annotations

import re
from typing import Final

from mbconv_cli.render.cells import total_columns
from mbconv_cli.render.style import Style
from mbconv_cli.render.trends import VERDICT_STYLES
from mbconv_cli.report.model import Kind, Report
from mbconv_cli.report.verdict import CHECK

LABEL: Final = re.compile(r"([a-z]+|not comparable|no usable result|quiet speed|device time): ")
URGENT: Final = ("device time: ", "no usable result: ", "warning: ")
"""How notes begin that a reader must see before the figures that they are about."""
HIDDEN: Final = frozenset({"allocator", "clock", "load", "faults", "events"})
"""The labels of notes on the instrument, which matter to whoever doubts a figure."""
SHORTENED: Final = frozenset({"audit", "counting", "memory", "norm", "quiet speed", "roofline", "samples", "sum"})
"""The labels of notes whose first clause is the one that matters."""
LONGEST_LINE: Final = 110


def urgent_notes(report: Report) -> list[str]:
    """The notes that stand first; those of a check are sentences about its rows, and stay in their order."""
    return [note for note in report.notes if note.startswith(URGENT) and report.kind != CHECK]


def findings(report: Report) -> list[str]:
    """What stands under the headline of a page: what is urgent, or of a check what did not pass, and why."""
    return urgent_notes(report) or [note for note in report.notes if label_of(note) in VERDICT_STYLES]


def other_notes(report: Report) -> list[str]:
    """All footnotes that do not stand first, in full."""
    urgent = urgent_notes(report)
    return [note for note in footnotes(report) if note not in urgent]


def brief_notes(report: Report, style: Style) -> list[str]:
    """The footnotes for a terminal: one line of each that matters, and where the rest is; all with `--verbose`."""
    notes = other_notes(report)
    if style.verbose:
        return notes
    width = min(style.width or LONGEST_LINE, LONGEST_LINE)
    shown = [_shortened(note, width) for note in notes if label_of(note) not in HIDDEN]
    return shown if shown == notes else [*shown, "more: --verbose shows every row and every note in full"]


def footnotes(report: Report) -> list[str]:
    """The notes, and the counting convention where anything was counted."""
    columns = total_columns(report.sections).values()
    counted = any(column.kind is Kind.EXACT for column in columns)
    return [*report.notes, *([f"counting: {report.provenance.convention}"] if counted else [])]


def label_of(note: str) -> str:
    """`audit` of `audit: closed forms agree`; nothing where a note has none."""
    match = LABEL.match(note)
    return match[1] if match else ""


def _shortened(note: str, width: int) -> str:
    """The clauses of a note, in order, that one line has room for; the first one in any case."""
    if label_of(note) not in SHORTENED:
        return note
    first, *others = re.split(r"(?<=[;.]) ", note)
    shown = first
    for clause in others:
        if len(f"{shown} {clause}") > width:
            break
        shown = f"{shown} {clause}"
    return shown.rstrip(";.")

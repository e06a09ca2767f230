"""A report's sections as CSV (RFC 4180), for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from typing import Final

from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Cell, Report

# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def render_csv(report: Report, _: Style) -> str:
    """The first section."""
    return render_section(report, next(iter(report.sections)))


def render_section(report: Report, name: str) -> str:
    """One section: a line for each row, bare figures in the units of the JSON, shapes as 32x112x112."""
    section = report.sections[name]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(column.key for column in section.columns)
    for row in section.rows:
        writer.writerow(_plain(row.get(column.key)) for column in section.columns)
    return stream.getvalue()


def _plain(cell: Cell) -> str | int | float:
    match cell:
        case None:
            return ""
        case tuple():
            return "x".join(map(str, cell))
        case str() if cell.startswith(_FORMULA_STARTS):
            return "'" + safe(cell)
        case str():
            return safe(cell)
    return cell

"""A report as HTML, for notebooks and saved pages: the headline, every table, and the notes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from mbconv_cli.render.cells import (
    cell_text,
    is_numeric,
    subject_line,
    title,
    total_columns,
    totals_parts,
    visible_columns,
)
from mbconv_cli.render.safe_text import safe
from mbconv_cli.report.model import Report, Section


def render_html(report: Report) -> str:
    """The report as a fragment of HTML that needs no style sheet."""
    totals = ", ".join(totals_parts(report.totals, total_columns(report.sections)))
    parts = [f"<h3>{_text(subject_line(report.subject))}</h3>", f"<p>{_text(totals)}</p>"]
    for name, section in report.sections.items():
        parts += [f"<h4>{_text(name)}</h4>", _table(name, section)]
    parts += ["<ul>", *(f"<li>{_text(note)}</li>" for note in report.notes), "</ul>"]
    return "\n".join(parts) + "\n"


def _table(name: str, section: Section) -> str:
    columns = visible_columns(section)
    aligned = ["right" if is_numeric(section, column) else "left" for column in columns]
    head = _row("th", [title(column, name) for column in columns], aligned)
    rows = [_row("td", [cell_text(row, column) for column in columns], aligned) for row in section.rows]
    return "\n".join(["<table>", head, *rows, "</table>"])


def _row(tag: str, texts: Iterable[str], aligned: Iterable[str]) -> str:
    cells = (
        f'<{tag} style="text-align: {side}">{_text(text)}</{tag}>' for text, side in zip(texts, aligned, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _text(text: str) -> str:
    return escape(safe(text))

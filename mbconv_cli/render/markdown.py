"""A report as GitHub-flavoured Markdown, for pull requests and READMEs."""

from __future__ import annotations

import re

from mbconv_cli.render.cells import (
    cell_text,
    footnotes,
    is_numeric,
    subject_line,
    title,
    total_columns,
    totals_parts,
    visible_columns,
)
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report, Section


def render_markdown(report: Report, _: Style) -> str:
    """Headline, totals, one table a section, notes."""
    parts = [f"## {_escaped(f'{report.kind}: {subject_line(report.subject)}'.rstrip(': '))}"]
    if report.totals:
        parts.append(f"**{_escaped(', '.join(totals_parts(report.totals, total_columns(report.sections))))}**")
    for name, section in report.sections.items():
        parts.append(f"### {_escaped(name)}\n\n{_table(name, section)}")
    parts.append("\n".join(f"- {_escaped(note)}" for note in footnotes(report)))
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(name: str, section: Section) -> str:
    columns = visible_columns(section)
    lines = [
        "| " + " | ".join(_escaped(title(column, name)) for column in columns) + " |",
        "|" + "|".join(" ---: " if is_numeric(section, column) else " --- " for column in columns) + "|",
    ]
    lines += ["| " + " | ".join(_escaped(cell_text(row, column)) for column in columns) + " |" for row in section.rows]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Text that Markdown and HTML take as nothing but text."""
    text = safe(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", text)

"""A report as GitHub-flavoured Markdown, for pull requests and READMEs."""

from __future__ import annotations

from mbconv_cli.render.cells import subject_line, total_columns, totals_parts
from mbconv_cli.render.excerpts import for_people
from mbconv_cli.render.markdown_text import bullets, escaped, table
from mbconv_cli.render.notes import other_notes, urgent_notes
from mbconv_cli.render.plot import draw
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report


def render_markdown(report: Report, style: Style) -> str:
    """Headline, totals, a table for each section, notes."""
    report = for_people(report, style)
    parts = [f"## {escaped(f'{report.kind}: {subject_line(report.subject)}'.rstrip(': '))}"]
    if report.totals:
        parts.append(f"**{escaped(', '.join(totals_parts(report.totals, total_columns(report.sections))))}**")
    parts.append(bullets(urgent_notes(report)))
    parts += [_paragraph(text) for text in report.prose]
    for name, section in report.sections.items():
        parts.append(f"### {escaped(name)}\n\n{table(name, section)}")
        if section.plot:
            parts.append(_paragraph(draw(section, section.plot, style)))
    parts.append(bullets(other_notes(report)))
    return "\n\n".join(filter(None, parts)) + "\n"


def _paragraph(text: str) -> str:
    """A paragraph; a drawing, which has several lines, as code."""
    if "\n" not in text:
        return escaped(text)
    return "```text\n" + "\n".join(safe(line) for line in text.split("\n")) + "\n```"

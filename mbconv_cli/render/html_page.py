"""A report as one page that works offline: headline, charts, tables to sort and filter, and the report's own JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files
from importlib.util import find_spec

from mbconv_cli.errors import InputError
from mbconv_cli.render.cells import (
    cell_text,
    is_numeric,
    subject_line,
    title,
    total_columns,
    totals_parts,
    visible_columns,
)
from mbconv_cli.render.diff_headline import diff_headline
from mbconv_cli.render.html_charts import charts, script_safe
from mbconv_cli.render.html_parts import SCRIPT, STYLE
from mbconv_cli.render.notes import other_notes, urgent_notes
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.document import to_json
from mbconv_cli.report.model import Column, Kind, Report, Row, Section

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""Nothing is fetched from anywhere: https://www.w3.org/TR/CSP3/."""


def render_html(report: Report, _: Style) -> str:
    """The page.

    Raises:
        InputError: plotly, which draws the charts, is not installed.
    """
    return page_with(report, chart_library())


def page_with(report: Report, library: str) -> str:
    """The page, with the script of the library that draws its charts."""
    drawn = charts(report)
    heading = _text(f"{report.kind}: {subject_line(report.subject)}".rstrip(": "))
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{STYLE}</style></head><body><main>",
            f"<h1>{heading}</h1>",
            *_headline(report),
            *(f'<p class="warning">{_text(note)}</p>' for note in urgent_notes(report)),
            *map(_paragraph, report.prose),
            *(f'<figure class="chart" id="chart-{index}"></figure>' for index in range(len(drawn))),
            *(part for name, section in report.sections.items() for part in _table(name, section, report)),
            *_provenance(report),
            '<p><button type="button" id="download">Download the report as JSON</button></p>',
            f'</main><script type="application/json" id="report">{script_safe(to_json(report))}</script>',
            f"<script>{library}</script>",
            f"<script>const charts = {script_safe(json.dumps(drawn))};{SCRIPT}</script></body></html>\n",
        ]
    )


@cache
def chart_library() -> str:
    """The library's own script, which travels with the page.

    Raises:
        InputError: it is not installed.
    """
    if find_spec("plotly") is None:
        raise InputError("--format html needs plotly, not installed here: pip install 'mbconv-cli[html]'")
    return files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")


def _text(text: str) -> str:
    return escape(safe(text))


def _paragraph(text: str) -> str:
    """A paragraph; a drawing, which has several lines, as it is."""
    if "\n" not in text:
        return f"<p>{_text(text)}</p>"
    return "<pre>" + "\n".join(_text(line) for line in text.split("\n")) + "</pre>"


def _headline(report: Report) -> Iterator[str]:
    """The answer in large letters: a diff's changes, or the totals."""
    if pieces := diff_headline(report):
        parts = "".join(f'<span class="{style}">{_text(text)}</span>' for text, style in pieces)
        yield f'<p class="headline">{parts}</p>'
    elif report.totals:
        yield f'<p class="headline">{_text(", ".join(totals_parts(report.totals, total_columns(report.sections))))}</p>'


def _table(name: str, section: Section, report: Report) -> Iterator[str]:
    """A section as a table whose headings sort it, with a field to filter its rows."""
    columns = visible_columns(section)
    label = _text(name)
    yield f'<section><h2>{label}</h2><label>Filter <input type="search" data-table="{label}"></label>'
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table id="table-{label}"><thead><tr>'
    for column in columns:
        unit = f' title="{_text(column.unit)}"' if column.unit else ""
        yield f'<th scope="col"{unit}><button type="button">{_text(title(column, name))}</button></th>'
    yield "</tr></thead><tbody>"
    numeric = [is_numeric(section, column) for column in columns]
    for row in section.rows:
        cells = (_cell(row, column, number) for column, number in zip(columns, numeric, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody>"
    yield from _foot(section, columns, report)
    yield "</table></div></section>"


def _cell(row: Row, column: Column, number: bool) -> str:
    value = row.get(column.key)
    exact = f' data-value="{value!r}"' if isinstance(value, int | float) and not isinstance(value, bool) else ""
    kind = ' class="number"' if number else ""
    return f"<td{kind}{exact}>{_text(cell_text(row, column))}</td>"


def _foot(section: Section, columns: list[Column], report: Report) -> Iterator[str]:
    """The totals under the columns that they sum."""
    shown = [cell_text(report.totals, column) if _sums_up(section, column, report) else "" for column in columns]
    if any(shown):
        cells = "".join(f'<td class="number">{_text(text)}</td>' for text in shown[1:])
        yield f"<tfoot><tr><td>total</td>{cells}</tr></tfoot>"


def _sums_up(section: Section, column: Column, report: Report) -> bool:
    """Whether a total is the sum of the column: no other may stand under it."""
    cells = [row.get(column.key) for row in section.rows]
    return column.kind is Kind.EXACT and sum(c for c in cells if isinstance(c, int)) == report.totals.get(column.key)


def _provenance(report: Report) -> Iterator[str]:
    """How it was counted and measured, and where."""
    yield "<section><h2>notes</h2><ul>"
    yield from (f"<li>{_text(note)}</li>" for note in other_notes(report))
    yield "</ul><details><summary>provenance</summary><dl>"
    facts = {"mbconv": report.provenance.mbconv, "spec sha256": report.provenance.spec_sha256}
    for key, value in {**facts, **report.provenance.machine, **report.provenance.settings}.items():
        yield f"<dt>{_text(str(key).replace('_', ' '))}</dt><dd>{_text(str(value))}</dd>"
    yield "</dl></details></section>"

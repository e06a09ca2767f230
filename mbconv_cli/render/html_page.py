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
from mbconv_cli.render.check_view import for_reading
from mbconv_cli.render.diff_headline import diff_headline
from mbconv_cli.render.html_parts import SCRIPT, STYLE
from mbconv_cli.render.icicle import icicle_of
from mbconv_cli.render.notes import findings, footnotes, label_of
from mbconv_cli.render.plotly_charts import Figure, plotly_chart, plotly_icicle
from mbconv_cli.render.report_charts import charts
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.render.trends import TREND_STYLES, VERDICT_STYLES, trends_of
from mbconv_cli.report.document import to_json
from mbconv_cli.report.model import Column, Kind, Report, Row, Section
from mbconv_cli.report.verdict import CHECK

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""Nothing is fetched from anywhere: https://www.w3.org/TR/CSP3/."""
LONG = 48
"""Texts of more characters are written in several lines."""


def render_html(report: Report, _: Style) -> str:
    """The page.

    Raises:
        InputError: plotly, which draws the charts, is not installed.
    """
    return page_with(report, chart_library())


def page_with(report: Report, library: str) -> str:
    """The page, with the script of the library that draws its charts."""
    drawn, embedded = figures_of(report), script_safe(to_json(report))
    report = for_reading(report, verbose=True) if report.kind == CHECK else report
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
            *map(_finding, findings(report)),
            *map(_paragraph, report.prose),
            *(_figure(index, figure) for index, figure in enumerate(drawn)),
            *(part for name, section in report.sections.items() for part in _table(name, section, report)),
            *_provenance(report),
            '<p><button type="button" id="download">Download the report as JSON</button></p>',
            f'</main><script type="application/json" id="report">{embedded}</script>',
            f"<script>{library}</script>",
            f"<script>const charts = {script_safe(json.dumps(drawn))};{SCRIPT}</script></body></html>\n",
        ]
    )


def figures_of(report: Report) -> list[Figure]:
    """What is drawn on a page: a profile's icicle, and the charts that every format can have."""
    icicle = icicle_of(report)
    return [*([plotly_icicle(icicle)] if icicle else []), *map(plotly_chart, charts(report))]


def script_safe(json_text: str) -> str:
    """JSON that can stand in a script of a page, whatever names it has."""
    return json_text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _figure(index: int, figure: Figure) -> str:
    """The place of a chart, with its title, and a choice of what it shows where it has several."""
    options = "".join(f"<option>{_text(choice)}</option>" for choice in figure.get("choices", ()))
    choice = f'<label>by <select data-chart="{index}">{options}</select></label>' if options else ""
    title_and_choice = f"<figcaption><h2>{_text(figure['title'])}</h2>{choice}</figcaption>"
    label = f'role="img" aria-label="{_text(figure["title"])}; the tables have its figures"'
    return f'<figure>{title_and_choice}<div class="chart" id="chart-{index}" {label}></div></figure>'


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


def _finding(note: str) -> str:
    """A sentence that a reader must see, with the colour of its verdict at its side."""
    return f'<p class="finding {VERDICT_STYLES.get(label_of(note), "yellow")}">{_text(note)}</p>'


def _table(name: str, section: Section, report: Report) -> Iterator[str]:
    """A section as a table whose headings sort it, with a field to filter its rows."""
    columns = visible_columns(section)
    label = _text(name)
    yield f'<section><h2>{label}</h2><label>Filter <input type="search" data-table="{label}"></label>'
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table id="table-{label}"><thead><tr>'
    kinds = [_kind_of_cells(section, column) for column in columns]
    for column, kind in zip(columns, kinds, strict=True):
        unit = f' title="{_text(column.unit)}"' if column.unit else ""
        yield f'<th scope="col" class="{kind}"{unit}><button type="button">{_text(title(column, name))}</button></th>'
    yield "</tr></thead><tbody>"
    lanes = [(column, kind, trends_of(section, column)) for column, kind in zip(columns, kinds, strict=True)]
    for index, row in enumerate(section.rows):
        cells = (_cell(row, column, kind, trends[index] if trends else "") for column, kind, trends in lanes)
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody>"
    yield from _foot(section, columns, report)
    yield "</table></div></section>"


def _kind_of_cells(section: Section, column: Column) -> str:
    """How the cells of a column are set: figures flush right, sentences in several lines."""
    if is_numeric(section, column):
        return "number"
    return "long" if any(len(str(row.get(column.key, ""))) > LONG for row in section.rows) else "name"


def _cell(row: Row, column: Column, kind: str, trend: str) -> str:
    value, text = row.get(column.key), cell_text(row, column)
    exact = f' data-value="{value!r}"' if isinstance(value, int | float) and not isinstance(value, bool) else ""
    colour = VERDICT_STYLES.get(text, "") if column.key == "verdict" else TREND_STYLES[trend]
    return f'<td class="{f"{kind} {colour}".strip()}"{exact}>{_text(text)}</td>'


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
    said = findings(report)
    yield from (f"<li>{_text(note)}</li>" for note in footnotes(report) if note not in said)
    yield "</ul><details><summary>provenance</summary><dl>"
    facts = {"mbconv": report.provenance.mbconv, "spec sha256": report.provenance.spec_sha256}
    for key, value in {**facts, **report.provenance.machine, **report.provenance.settings}.items():
        yield f"<dt>{_text(str(key).replace('_', ' '))}</dt><dd>{_text(str(value))}</dd>"
    yield "</dl></details></section>"

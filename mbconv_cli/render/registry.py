"""The output formats: one line each."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from mbconv_cli.render.csv_text import render_csv
from mbconv_cli.render.json_text import render_json
from mbconv_cli.render.markdown import render_markdown
from mbconv_cli.render.style import Style
from mbconv_cli.render.table import render_table
from mbconv_cli.report.model import Report


class Format(str, Enum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


RENDERERS: Final[dict[Format, Callable[[Report, Style], str]]] = {
    Format.TABLE: render_table,
    Format.JSON: render_json,
    Format.CSV: render_csv,
    Format.MARKDOWN: render_markdown,
}


def render(report: Report, output_format: Format, style: Style) -> str:
    """The report as text of a format, with a final newline."""
    return RENDERERS[output_format](report, style)

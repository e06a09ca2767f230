"""A check's report as tables for a terminal or a pipe: what changed first, or all of it with `--verbose`."""

from __future__ import annotations

from mbconv_cli.render.check_view import for_reading
from mbconv_cli.render.style import Style
from mbconv_cli.render.table import render_table
from mbconv_cli.report.model import Report


def render_check_table(report: Report, style: Style) -> str:
    """The rows that changed, and a note for each cause."""
    return render_table(for_reading(report, verbose=style.verbose), style)

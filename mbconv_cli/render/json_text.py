"""A report as JSON, on which others build."""

from __future__ import annotations

from mbconv_cli.render.style import Style
from mbconv_cli.report.document import to_json
from mbconv_cli.report.model import Report


def render_json(report: Report, _: Style) -> str:
    """The whole report, as `mbconv.report/1`."""
    return to_json(report)

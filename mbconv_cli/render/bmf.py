"""A report's figures in the Bencher Metric Format, https://bencher.dev/docs/reference/bencher-metric-format."""

from __future__ import annotations

import json

from mbconv_cli.render.figures import Figure, figures
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report


def render_bmf(report: Report, _: Style) -> str:
    """A benchmark for each network and a measure for each metric, named by its key, which names its unit."""
    networks: dict[str, dict[str, dict[str, int | float]]] = {}
    for figure in figures(report):
        networks.setdefault(figure.network, {})[figure.metric] = _metric(figure)
    return json.dumps(networks, indent=2, allow_nan=False) + "\n"


def _metric(figure: Figure) -> dict[str, int | float]:
    values = {"value": figure.value, "lower_value": figure.low, "upper_value": figure.high}
    return {key: value for key, value in values.items() if value is not None}

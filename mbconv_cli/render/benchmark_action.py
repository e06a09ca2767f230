"""A report's figures for github-action-benchmark, as its tool `customSmallerIsBetter` takes them.

Format: https://github.com/benchmark-action/github-action-benchmark, "Examples" of its README, on custom benchmarks.
"""

from __future__ import annotations

import json

from mbconv_cli.render.figures import Figure, figures
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report


def render_benchmark_action(report: Report, _: Style) -> str:
    """A list with an entry for each metric of each network."""
    return json.dumps(list(map(_entry, figures(report))), indent=2, allow_nan=False) + "\n"


def _entry(figure: Figure) -> dict[str, str | int | float]:
    entry: dict[str, str | int | float] = {
        "name": f"{figure.network} {figure.metric}",
        "unit": figure.unit,
        "value": figure.value,
    }
    if figure.low is not None and figure.high is not None:
        entry["range"] = f"± {(figure.high - figure.low) / 2:.3g}"
    return entry | ({"extra": figure.remark} if figure.remark else {})

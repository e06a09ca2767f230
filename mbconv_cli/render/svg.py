"""The charts of a report as one SVG drawing, by matplotlib: with names as text, and the same bytes every time."""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from mbconv_cli.errors import InputError
from mbconv_cli.render.cells import subject_line
from mbconv_cli.render.chart import COLOURS, Chart, Drawn, Series, Tone
from mbconv_cli.render.plot import figure_text
from mbconv_cli.render.report_charts import charts
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH: Final = 8.0
HEIGHT: Final = 4.5
_HEADING_COLUMNS: Final = 100
_AROUND_BARS: Final = 1.4
_BAR: Final = 0.24
_ROOM_FOR_TEXTS: Final = 0.12
_QUIET: Final = COLOURS[Tone.QUIET]
_BAR_HEIGHTS: Final = {Drawn.BARS: 0.4, Drawn.WIDE_BARS: 0.8}
_FORBIDDEN: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML has no place for: https://www.w3.org/TR/xml/#charsets."""


def render_svg(report: Report, _: Style) -> str:
    """The charts below each other.

    Raises:
        InputError: matplotlib, which draws them, is not installed; or the report has no chart.
    """
    drawn = charts(report)
    if not drawn:
        raise InputError(f"--format svg: this report on {report.kind} has no chart; --format html has its tables")
    return charts_as_svg(drawn, subject_line(report.subject))


def charts_as_svg(drawn: Sequence[Chart], heading: str = "") -> str:
    """Charts as the text of an SVG file.

    Args:
        drawn: from above.
        heading: over all of them.

    Raises:
        InputError: matplotlib, which draws them, is not installed.
    """
    if find_spec("matplotlib") is None:
        raise InputError("--format svg needs matplotlib, not installed here: pip install 'mbconv-cli[plot]'")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    heights = [_AROUND_BARS + _BAR * len(chart.bars) if chart.bars else HEIGHT for chart in drawn]
    # Names as text, the same bytes every time, and no name is a formula.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "mbconv", "font.size": 9.0, "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
        figure.suptitle(textwrap.fill(_text(heading), _HEADING_COLUMNS))
        rows = figure.subplots(len(drawn), squeeze=False, height_ratios=heights)
        for axes, chart in zip(rows[:, 0], drawn, strict=True):
            _draw(axes, chart)
        written = io.BytesIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue().decode("utf-8").replace("\r\n", "\n").rstrip("\n") + "\n"


def _draw(axes: Axes, chart: Chart) -> None:
    """One chart into its place."""
    axes.set(title=_text(chart.title), xlabel=_text(chart.x.title), ylabel=_text(chart.y.title))
    _scale(axes, chart)
    places = {name: place for place, name in enumerate(chart.bars)}
    for series in chart.series:
        if series.drawn in _BAR_HEIGHTS:
            _draw_bars(axes, series, [places[str(name)] for name in series.y])
        else:
            _draw_points(axes, series)
    if places:
        axes.set_yticks(list(places.values()), [_text(name) for name in places])
        axes.invert_yaxis()
        axes.margins(x=_ROOM_FOR_TEXTS)
    if chart.level is not None:
        axes.axhline(chart.level, color=_QUIET, linestyle=":")
    for mark in chart.marks:
        axes.axvline(mark, color=_QUIET, linestyle=":")
    if len(chart.series) > 1:
        axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.0))


def _scale(axes: Axes, chart: Chart) -> None:
    """Steps that are factors, where the chart has such; figures without exponents, which would be markup."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    def figure(value: float, _: int | None = None) -> str:
        return figure_text(value)

    for axis, set_scale, drawn in (
        (chart.x, axes.set_xscale, axes.xaxis),
        (chart.y, axes.set_yscale, axes.yaxis),
    ):
        if axis.logarithmic:
            set_scale("log")
            drawn.set_major_formatter(FuncFormatter(figure))
            drawn.set_minor_formatter(NullFormatter())


def _draw_bars(axes: Axes, series: Series, places: Sequence[int]) -> None:
    lengths = [float(length) for length in series.x]
    halves = [half if math.isfinite(half) else 0.0 for half in series.half_widths]
    axes.barh(
        places,
        lengths,
        height=_BAR_HEIGHTS[series.drawn],
        xerr=halves or None,
        color=COLOURS.get(series.tone),
        label=_text(series.name),
    )
    for place, length, text in zip(places, lengths, series.texts, strict=False):
        axes.annotate(_text(text), (length, place), xytext=(4, 0), textcoords="offset points", va="center")


def _draw_points(axes: Axes, series: Series) -> None:
    line = "-" if series.drawn in {Drawn.LINE, Drawn.STEPS} else ""
    marker = "o" if series.names else ""
    axes.errorbar(
        [float(x) for x in series.x],
        [float(y) for y in series.y],
        xerr=[half if math.isfinite(half) else 0.0 for half in series.half_widths] or None,
        elinewidth=0.8,
        drawstyle="steps-post" if series.drawn is Drawn.STEPS else "default",
        linestyle=line,
        marker=marker,
        markersize=4,
        color=COLOURS.get(series.tone),
        label=_text(series.name),
    )
    for x, y, text in zip(series.x, series.y, series.texts, strict=False):
        if text:
            axes.annotate(
                _text(text), (float(x), float(y)), xytext=(4, 4), textcoords="offset points", fontsize="small"
            )


def _text(text: str) -> str:
    return _FORBIDDEN.sub("?", safe(text))

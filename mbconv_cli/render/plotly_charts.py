"""Charts and icicles as plotly's figures: https://plotly.com/javascript/reference/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mbconv_cli.render.chart import COLOURS, Axis, Chart, Drawn, Series
from mbconv_cli.render.icicle import Icicle

Figure = dict[str, Any]
_BAR_WIDTHS: Final = {Drawn.BARS: 0.4, Drawn.WIDE_BARS: 0.8}
_BAR_HEIGHT: Final = 26
_AROUND_BARS: Final = 120
_ROOM_FOR_TEXTS: Final = 64
_ROOM_BELOW_ZERO: Final = 0.35
"""As a share of the bars' extent: on a telephone the text of the longest bar to the left still clears the names."""
_LEGEND: Final = {"orientation": "h", "x": 0, "xanchor": "left", "yref": "container", "y": 0, "yanchor": "bottom"}


def plotly_icicle(icicle: Icicle) -> Figure:
    """The icicle by its first cost; `choices` has the values of each."""
    trace = {
        "type": "icicle",
        "ids": icicle.ids,
        "labels": [_text(label) for label in icicle.labels],
        "parents": icicle.parents,
        "values": next(iter(icicle.costs.values())),
        "branchvalues": "total",
        "maxdepth": 4,
        "tiling": {"orientation": "v"},
        "root": {"color": "#8883"},
        "hovertemplate": "%{label}<br>%{value:,.6~g}<br>%{percentRoot:.1%} of all<extra></extra>",
    }
    layout = {"height": 480, "margin": {"t": 8, "b": 8, "l": 0, "r": 0}}
    return {
        "title": "stage, block, layer: each as wide as its cost",
        "data": [trace],
        "layout": layout,
        "choices": dict(icicle.costs),
    }


def plotly_chart(chart: Chart) -> Figure:
    """The chart; its title stands outside of the figure, where it can be wrapped."""
    bars = chart.bars
    layout: Figure = {
        "xaxis": _axis(chart.x) | _room_below_zero(chart),
        "yaxis": _axis(chart.y) | (_names_of(bars) if bars else {}),
        "barmode": "overlay",
        "hovermode": "closest",
        "height": _BAR_HEIGHT * len(bars) + _AROUND_BARS if bars else 440,
        "margin": {"t": 16, "b": 72, "l": 16, "r": _ROOM_FOR_TEXTS if bars else 16},
        "showlegend": len(chart.series) > 1,
        "legend": _LEGEND,
        "shapes": [
            *([_line("y", chart.level)] if chart.level is not None else []),
            *(_line("x", mark) for mark in chart.marks),
        ],
    }
    return {"title": chart.title, "data": [_trace(series) for series in chart.series], "layout": layout}


def _names_of(bars: Sequence[str]) -> Figure:
    """The axis of bars from above."""
    names = [*map(_text, bars)]
    return {"autorange": "reversed", "type": "category", "categoryorder": "array", "categoryarray": names}


def _room_below_zero(chart: Chart) -> Figure:
    """Room for the texts of bars that go to the left, which would otherwise cover the names of the bars."""
    lengths = [float(length) for series in chart.series if series.texts for length in series.x] if chart.bars else []
    least, most = min(lengths, default=0.0), max(lengths, default=0.0)
    if least >= 0:
        return {}
    return {"autorangeoptions": {"include": least - _ROOM_BELOW_ZERO * (max(most, 0.0) - least)}}


def _trace(series: Series) -> Figure:
    colour = COLOURS.get(series.tone)
    named = {"text": [*map(_text, series.texts)]} if series.texts else {}
    trace: Figure = {"name": _text(series.name), "x": series.x, "y": [*map(_text_or_figure, series.y)], **named}
    if series.names:
        trace |= {"hovertext": [*map(_text, series.names)], "hovertemplate": _hover(series)}
    if series.drawn in _BAR_WIDTHS:
        spread = (
            {"error_x": {"type": "data", "array": series.half_widths, "color": "#888"}} if series.half_widths else {}
        )
        marker = {"marker": {"color": colour}} if colour else {}
        outside = {"textposition": "outside", "cliponaxis": False}
        return trace | {
            "type": "bar",
            "orientation": "h",
            "width": _BAR_WIDTHS[series.drawn],
            **outside,
            **marker,
            **spread,
        }
    mode = "lines" if series.drawn is Drawn.LINE and not series.names else "markers"
    steps = series.drawn is Drawn.STEPS
    mode = "lines+markers" if steps or (series.drawn is Drawn.LINE and series.names) else mode
    mode += "+text" if series.texts else ""
    line = ({"color": colour} if colour else {}) | ({"shape": "hv"} if steps else {})
    drawn: Figure = {"line": line, **({"marker": {"color": colour}} if colour else {})}
    if series.half_widths:
        drawn["error_x"] = {"type": "data", "array": series.half_widths, "color": "#888"}
    return trace | {"type": "scatter", "mode": mode, "textposition": "top left", **drawn}


def _hover(series: Series) -> str:
    """A bar's name has its figure; a point's stands above its two."""
    if series.drawn in _BAR_WIDTHS:
        return "%{hovertext}<extra></extra>"
    return "%{hovertext}<br>%{x:,.4~g}, %{y:,.4~g}<extra></extra>"


def _axis(axis: Axis) -> Figure:
    kind = {"type": "log"} if axis.logarithmic else {}
    return {
        "title": {"text": _text(axis.title)},
        "automargin": True,
        "exponentformat": "SI",
        "gridcolor": "#8884",
        "zerolinecolor": "#8888",
    } | kind


def _line(axis: str, value: float) -> Figure:
    other = "x" if axis == "y" else "y"
    ends = {f"{axis}0": value, f"{axis}1": value, f"{other}0": 0, f"{other}1": 1, f"{other}ref": "paper"}
    return {"type": "line", **ends, "line": {"dash": "dot", "color": "#888"}}


def _text(text: str) -> str:
    """A name as plotly shows it: its own tags, `<b>` for one, are none of ours."""
    return text.replace("<", "&lt;")


def _text_or_figure(position: float | str) -> float | str:
    return _text(position) if isinstance(position, str) else position

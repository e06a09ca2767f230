"""The charts of a page, as plotly's figures: an icicle of costs, a roofline, bars with intervals, curves, changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mbconv_cli.render.cells import title
from mbconv_cli.render.safe_text import safe
from mbconv_cli.report.model import Cell, Column, Plot, Report, Row, Section

Figure = dict[str, Any]
COSTS: Final = ("latency_ms", "macs", "params", "bytes")
MILLION: Final = 1_000_000


def charts(report: Report) -> list[Figure]:
    """Those that the report has the figures for, in reading order."""
    return [*_icicle(report), *_latency_bars(report), *_roofline(report), *_changes(report), *_curves(report)]


def script_safe(json_text: str) -> str:
    """JSON that can stand in a script of a page, whatever names it has."""
    return json_text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _icicle(report: Report) -> Iterator[Figure]:
    """Stage, in it block, in it op, by any cost: a button for each."""
    section = report.sections.get("layers")
    if report.kind != "profile" or section is None or not all("block" in row for row in section.rows[:1]):
        return
    whole = _shown(report.subject.get("name", "network"))
    keys = [key for key in COSTS if any(_number(row, key) for row in section.rows)]
    ids, labels, parents, leaves = _tree(section.rows, whole)
    traces = [_values(section.rows, ids, parents, leaves, key) for key in keys]
    buttons = [
        {"label": title(Column(key)), "method": "restyle", "args": [{"values": [values]}]}
        for key, values in zip(keys, traces, strict=True)
    ]
    trace = {
        "type": "icicle",
        "ids": ids,
        "labels": labels,
        "parents": parents,
        "values": traces[0],
        "branchvalues": "total",
        "maxdepth": 4,
        "tiling": {"orientation": "v"},
        "hovertemplate": "%{label}<br>%{value:,.6~g}<br>%{percentRoot:.1%} of all<extra></extra>",
    }
    menu = {"type": "buttons", "direction": "right", "x": 0, "xanchor": "left", "y": 1.16, "buttons": buttons}
    yield {"data": [trace], "layout": {"title": {"text": "stage, block, layer"}, "height": 480, "updatemenus": [menu]}}


def _tree(rows: Sequence[Row], whole: str) -> tuple[list[str], list[str], list[str], dict[str, int]]:
    """The nodes of the icicle: ids, labels, parents, and which row a leaf is."""
    nodes: dict[str, tuple[str, str]] = {"": (whole, "")}
    leaves: dict[str, int] = {}
    for index, row in enumerate(rows):
        above = ""
        for level in ("stage", "block"):
            if (name := row.get(level)) is not None:
                node = f"{level}:{name}"
                nodes.setdefault(node, (_shown(name), above))
                above = node
        node = f"row:{index}"
        nodes[node] = (_shown(row["name"]), above)
        leaves[node] = index
    named = {node: node or "all" for node in nodes}
    parents = ["" if not node else named[parent] for node, (_, parent) in nodes.items()]
    return list(named.values()), [label for label, _ in nodes.values()], parents, leaves


def _values(
    rows: Sequence[Row], ids: Sequence[str], parents: Sequence[str], leaves: Mapping[str, int], key: str
) -> list[float]:
    """The cost of every node: a leaf's own, any other's the sum of what lies within."""
    values = {node: _number(rows[leaves[node]], key) if node in leaves else 0.0 for node in ids}
    for node, parent in reversed(list(zip(ids, parents, strict=True))):
        if parent:
            values[parent] += values[node]
    return [values[node] for node in ids]


def _latency_bars(report: Report) -> Iterator[Figure]:
    """Measured times of stages with their intervals."""
    section = report.sections.get("stages")
    if report.kind != "profile" or section is None or "latency_ms" not in {column.key for column in section.columns}:
        return
    rows = [row for row in section.rows if isinstance(row.get("latency_ms"), float)]
    half = [(_number(row, "latency_ms_high") - _number(row, "latency_ms_low")) / 2 for row in rows]
    trace = {
        "type": "bar",
        "x": [_shown(row["name"]) for row in rows],
        "y": [_number(row, "latency_ms") for row in rows],
        "error_y": {"type": "data", "array": half},
    }
    yield {"data": [trace], "layout": {"title": {"text": "ms of each stage"}, "yaxis": {"title": {"text": "ms"}}}}


def _roofline(report: Report) -> Iterator[Figure]:
    """Each row's speed over its intensity, under the machine's limits."""
    limits, rows = report.sections.get("limits"), _roofline_rows(report)
    if limits is None or not rows:
        return
    x = [_number(row, "intensity") for row in rows]
    y = [_number(row, "flops") / _number(row, "latency_ms") / MILLION for row in rows]
    points = {
        "type": "scatter",
        "mode": "markers",
        "name": "measured",
        "x": x,
        "y": y,
        "text": [_shown(row["name"]) for row in rows],
        "hovertemplate": "%{text}<br>%{x:.3~g} FLOP/byte<br>%{y:.3~g} GFLOP/s<extra></extra>",
    }
    compute = max(_number(row, "gigaflops_per_second") for row in limits.rows)
    widest = [min(x), max(*x, compute)]
    bounds = [
        {"type": "scatter", "mode": "lines", "name": _shown(row["name"]), "x": widest,
         "y": [min(compute, _number(row, "gigabytes_per_second") * one) for one in widest]}
        for row in limits.rows
        if _number(row, "gigabytes_per_second")
    ]  # fmt: skip
    bounds.append({"type": "scatter", "mode": "lines", "name": "compute", "x": widest, "y": [compute, compute]})
    axes = {
        "xaxis": {"type": "log", "title": {"text": "FLOP/byte"}},
        "yaxis": {"type": "log", "title": {"text": "GFLOP/s"}},
    }
    yield {"data": [points, *bounds], "layout": {"title": {"text": "roofline"}, "height": 480, **axes}}


def _roofline_rows(report: Report) -> list[Row]:
    section: Section | None = next((each for name, each in report.sections.items() if name == "layers"), None)
    section = section or next(iter(report.sections.values()), None)
    rows = section.rows if section else ()
    return [
        row
        for row in rows
        if _number(row, "intensity") > 0 and _number(row, "latency_ms") > 0 and _number(row, "flops") > 0
    ]


def _changes(report: Report) -> Iterator[Figure]:
    """Before and after, as changes in percent: a diff's metrics, or a check's."""
    names = {"diff": "totals", "check": "checks"}
    section = report.sections.get(names.get(report.kind, ""))
    rows = [row for row in section.rows if isinstance(row.get("change"), int | float)] if section else []
    if not rows:
        return
    changes = [100 * _number(row, "change") for row in rows]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [_shown(" ".join(str(row[key]) for key in ("network", "metric") if row.get(key))) for row in rows],
        "x": changes,
        "marker": {"color": ["#b42318" if change > 0 else "#18794e" for change in changes]},
        "text": [_before_after(row) for row in rows],
        "hovertemplate": "%{y}<br>%{text}<br>%{x:+.2f} %<extra></extra>",
    }
    layout = {
        "title": {"text": "change in percent"},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "height": max(320, 28 * len(rows) + 120),
    }
    yield {"data": [trace], "layout": layout}


def _before_after(row: Row) -> str:
    return f"{_shown(row.get('base'))} -> {_shown(row.get('head'))}"


def _curves(report: Report) -> Iterator[Figure]:
    """What a terminal draws in characters: curves, or the points of a front with their names."""
    for name, section in report.sections.items():
        if plot := section.plot:
            yield {
                "data": _traces(section, plot),
                "layout": {
                    "title": {"text": _shown(name)},
                    "xaxis": {"title": {"text": title(Column(plot.x))}},
                    "shapes": [
                        *([_line("y", plot.level)] if plot.level is not None else []),
                        *(_line("x", mark) for mark in plot.marks),
                    ],
                },
            }


def _traces(section: Section, plot: Plot) -> list[Figure]:
    rows = section.rows if plot.rows is None else plot.rows
    groups: list[Cell] = [None] if plot.by is None else sorted({row.get(plot.by) for row in rows}, key=str)
    return [
        {
            "type": "scatter",
            "mode": "lines+markers" if plot.by is None else "markers",
            "name": title(Column(key)) if plot.by is None else f"{title(Column(plot.by))}: {_shown(group)}",
            "x": [row.get(plot.x) for row in members],
            "y": [row.get(key) for row in members],
            "text": [_shown(row.get("name", "")) for row in members],
        }
        for key in plot.y
        for group in groups
        if (members := [row for row in rows if plot.by is None or row.get(plot.by) == group])
    ]


def _line(axis: str, value: float) -> Figure:
    other = "x" if axis == "y" else "y"
    return {
        "type": "line",
        f"{axis}0": value,
        f"{axis}1": value,
        f"{other}0": 0,
        f"{other}1": 1,
        f"{other}ref": "paper",
        "line": {"dash": "dot", "color": "#888"},
    }


def _number(row: Row, key: str) -> float:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _shown(cell: Cell) -> str:
    """A name as plotly shows it: its own tags, `<b>` for one, are none of ours."""
    return safe("x".join(map(str, cell)) if isinstance(cell, tuple) else str(cell)).replace("<", "&lt;")

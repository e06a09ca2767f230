"""The charts of a report: times with their intervals, a roofline, before and after, curves and fronts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mbconv_cli.render.cells import SPREAD_SUFFIXES, cell_text, title, total_columns
from mbconv_cli.render.chart import Axis, Chart, Drawn, Series, Tone
from mbconv_cli.render.plot import by_factors
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.trends import trend
from mbconv_cli.report.model import Better, Cell, Column, Plot, Report, Row, Section
from mbconv_cli.units import MILLISECOND, decimal

MILLION: Final = 1_000_000
MOST_BARS: Final = 40
_TONES: Final = {"better": Tone.BETTER, "worse": Tone.WORSE}


def charts(report: Report) -> list[Chart]:
    """Those that the report has the figures for, in reading order."""
    return [*_stages(report), *_roofline(report), *_before_and_after(report), *_differences(report), *_curves(report)]


def _stages(report: Report) -> Iterator[Chart]:
    """A bar for each stage: its time with the interval, or its MACs where nothing was measured."""
    section = report.sections.get("stages")
    if report.kind != "profile" or section is None:
        return
    columns = {column.key: column for column in section.columns}
    key = "latency_ms" if "latency_ms" in columns else "macs"
    rows = [row for row in section.rows if key in row]
    if not rows or key not in columns:
        return
    bars = Series(
        name=title(columns[key]),
        drawn=Drawn.BARS,
        x=tuple(number(row, key) for row in rows),
        y=tuple(shown(row["name"]) for row in rows),
        half_widths=_half_widths(rows, key),
        names=tuple(f"{shown(row['name'])}: {cell_text(row, columns[key])}" for row in rows),
    )
    heading = f"{title(columns[key])} of each stage"
    yield Chart(heading, Axis(title(columns[key])), Axis(), (bars,))


def _half_widths(rows: Sequence[Row], key: str) -> tuple[float, ...]:
    if not any(f"{key}_low" in row for row in rows):
        return ()
    return tuple((number(row, f"{key}_high") - number(row, f"{key}_low")) / 2 for row in rows)


def _roofline(report: Report) -> Iterator[Chart]:
    """Each op's speed over its intensity, and the limits: Williams et al. 2009, doi:10.1145/1498765.1498785."""
    limits, rows = report.sections.get("limits"), _roofline_rows(report)
    if limits is None or not rows:
        return
    roles = list(dict.fromkeys(str(row.get("role", "measured")) for row in rows))
    points = (_speeds([row for row in rows if str(row.get("role", "measured")) == role], role) for role in roles)
    x = Axis("FLOP/byte", logarithmic=True)
    y = Axis("GFLOP/s", logarithmic=True)
    yield Chart("roofline: speed of each layer, under the machine's limits", x, y, (*_bounds(limits, rows), *points))


def _speeds(rows: Sequence[Row], role: str) -> Series:
    return Series(
        name=shown(role),
        drawn=Drawn.POINTS,
        x=tuple(number(row, "intensity") for row in rows),
        y=tuple(number(row, "flops") / number(row, "latency_ms") / MILLION for row in rows),
        names=tuple(shown(row["name"]) for row in rows),
    )


def _bounds(limits: Section, rows: Sequence[Row]) -> Iterator[Series]:
    """The roofs: of the fastest memory and of the one with the largest working set, each up to the compute limit."""
    compute = max(number(row, "gigaflops_per_second") for row in limits.rows)
    memories = [row for row in limits.rows if number(row, "gigabytes_per_second")]
    intensities = [number(row, "intensity") for row in rows]
    fastest = max(memories, key=lambda row: number(row, "gigabytes_per_second"), default=None)
    largest = max(memories, key=lambda row: number(row, "working_set"), default=None)
    for memory in dict.fromkeys(str(row["name"]) for row in (fastest, largest) if row is not None):
        speed = next(number(row, "gigabytes_per_second") for row in memories if row["name"] == memory)
        ridge = compute / speed
        x = (min(*intensities, ridge / 2), ridge, max(*intensities, 2 * ridge))
        y = tuple(min(compute, speed * one) for one in x)
        name = f"limit: {compute:.3g} GFLOP/s, {speed:.3g} GB/s ({shown(memory)})"
        yield Series(name, Drawn.LINE, x, y, tone=Tone.QUIET)


def _roofline_rows(report: Report) -> list[Row]:
    section = report.sections.get("layers") or next(iter(report.sections.values()), None)
    rows = section.rows if section else ()
    return [row for row in rows if all(number(row, key) > 0 for key in ("intensity", "latency_ms", "flops"))]


def _before_and_after(report: Report) -> Iterator[Chart]:
    """What a diff or a check compares: after in percent of before, with the interval of what was measured."""
    rows = [row for row in _compared(report) if number(row, "base") and number(row, "head")]
    changed = [row for row in rows if number(row, "base") != number(row, "head")][:MOST_BARS]
    if not changed:
        return
    before = Series(
        name="before",
        drawn=Drawn.WIDE_BARS,
        x=(100.0,) * len(changed),
        y=tuple(map(_what, changed)),
        names=tuple(f"{_what(row)} before: {_figure(row, 'base')}" for row in changed),
        tone=Tone.QUIET,
    )
    groups = {tone: [row for row in changed if _tone(row) is tone] for tone in (Tone.BETTER, Tone.WORSE)}
    after = (_after(rows, tone) for tone, rows in groups.items() if rows)
    yield Chart("before and after, in percent of before", Axis("%"), Axis(), (before, *after))


def _differences(report: Report) -> Iterator[Chart]:
    """In which stages a diff's MACs went up or down."""
    section = report.sections.get("stages")
    rows = [row for row in section.rows if number(row, "macs_difference")] if section and report.kind == "diff" else []
    if not rows:
        return
    bars = (
        Series(
            name=heading,
            drawn=Drawn.BARS,
            x=tuple(number(row, "macs_difference") for row in members),
            y=tuple(shown(row["name"]) for row in members),
            names=tuple(f"{shown(row['name'])}: {number(row, 'macs_difference'):+,.0f} MACs" for row in members),
            texts=tuple(f"{'+' * (sign > 0)}{decimal(int(number(row, 'macs_difference')))}" for row in members),
            tone=tone,
        )
        for heading, tone, sign in (("more", Tone.WORSE, 1), ("less", Tone.BETTER, -1))
        if (members := [row for row in rows if number(row, "macs_difference") * sign > 0])
    )
    order = tuple(shown(row["name"]) for row in rows)
    yield Chart("difference in MACs of each stage", Axis("MACs"), Axis(), tuple(bars), order=order)


def _compared(report: Report) -> Iterator[Row]:
    """The rows with a figure before and one after: of a diff with its latency, which has a section of its own."""
    names = {"diff": "totals", "check": "checks"}
    if section := report.sections.get(names.get(report.kind, "")):
        yield from section.rows
    latency = report.sections.get("latency")
    if report.kind == "diff" and latency and len(latency.rows) == 2:
        base, head = latency.rows
        ratio: Row = {
            f"ratio{end}": head[f"latency_ratio{end}"] for end in SPREAD_SUFFIXES if f"latency_ratio{end}" in head
        }
        figures: Row = {"base": base.get("latency_ms"), "head": head.get("latency_ms")}
        yield {"metric": "latency_ms", "unit": MILLISECOND, **figures, **ratio}


def _after(rows: Sequence[Row], tone: Tone) -> Series:
    return Series(
        name=f"after, {tone.value}",
        drawn=Drawn.BARS,
        x=tuple(100 * number(row, "head") / number(row, "base") for row in rows),
        y=tuple(map(_what, rows)),
        half_widths=tuple(100 * half for half in _half_widths(rows, "ratio")),
        names=tuple(f"{_what(row)}: {_figure(row, 'base')} -> {_figure(row, 'head')}" for row in rows),
        texts=tuple(f"{100 * (number(row, 'head') / number(row, 'base') - 1):+.3g} %" for row in rows),
        tone=tone,
    )


def _tone(row: Row) -> Tone:
    return _TONES.get(trend(number(row, "head") - number(row, "base"), Better.LOWER), Tone.PLAIN)


def _what(row: Row) -> str:
    metric = title(Column(str(row.get("metric", ""))))
    return shown(f"{row['network']} {metric}" if row.get("network") else metric)


def _figure(row: Row, key: str) -> str:
    return shown(cell_text({key: row.get(key)}, Column(key, str(row.get("unit", "")))))


def _curves(report: Report) -> Iterator[Chart]:
    """What a terminal draws in characters: curves, or the points of a front with their names."""
    columns = total_columns(report.sections)
    for name, section in report.sections.items():
        if plot := section.plot:
            series = tuple(_series(section, plot))
            xs = sorted({float(x) for each in series for x in each.x})
            x, *ys = (columns.get(key, Column(key)) for key in (plot.x, *plot.y))
            yield Chart(
                title=shown(name),
                x=Axis(_with_unit(x), logarithmic=len(xs) > 1 and plot.by is not None and by_factors(xs)),
                y=Axis(_with_unit(ys[0]) if len(ys) == 1 else ""),
                series=series,
                level=plot.level,
                marks=plot.marks,
            )


def _series(section: Section, plot: Plot) -> Iterator[Series]:
    """A series for each curve, and for each group of its points."""
    rows = section.rows if plot.rows is None else plot.rows
    groups: list[Cell] = [None] if plot.by is None else sorted({row.get(plot.by) for row in rows}, key=str)
    for key in plot.y:
        for group in groups:
            of_group = [row for row in rows if plot.by is None or row.get(plot.by) == group]
            members = [row for row in of_group if _is_number(row.get(plot.x)) and _is_number(row.get(key))]
            if members:
                yield _one_series(plot, key, group, members)


def _one_series(plot: Plot, key: str, group: Cell, rows: Sequence[Row]) -> Series:
    by = Column(plot.by) if plot.by else None
    joined = by is not None and plot.front is not None and group == plot.front
    rows = sorted(rows, key=lambda row: number(row, plot.x)) if joined else rows
    points = Drawn.STEPS if joined else Drawn.POINTS
    return Series(
        name=f"{title(by)}: {shown(cell_text({by.key: group}, by))}" if by else title(Column(key)),
        drawn=Drawn.LINE if by is None else points,
        x=tuple(number(row, plot.x) for row in rows),
        y=tuple(number(row, key) for row in rows),
        half_widths=_half_widths(rows, plot.x) if by else (),
        names=tuple(shown(row.get("name", "")) for row in rows),
        texts=tuple(shown(row.get("label") or "") for row in rows) if any(row.get("label") for row in rows) else (),
    )


def _with_unit(column: Column) -> str:
    """`latency_ms` is headed by its unit; others have it behind their title, where it says more."""
    heading = title(column)
    return heading if not column.unit or column.unit.lower() in heading.lower() else f"{heading} ({column.unit})"


def number(row: Row, key: str) -> float:
    """A cell as a figure to draw; 0 where it has none."""
    value = row.get(key)
    return float(value) if _is_number(value) and isinstance(value, int | float) else 0.0


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(cell: Cell) -> str:
    """A name as it is written in a chart."""
    return safe("x".join(map(str, cell)) if isinstance(cell, tuple) else str(cell))

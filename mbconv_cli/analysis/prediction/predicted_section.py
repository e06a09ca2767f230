"""A section of latencies as one of predictions: `latency_ms` is what was measured, `predicted_ms` what was not."""

from __future__ import annotations

from dataclasses import replace

from mbconv_cli.report.model import Plot, Row, Section

_BEFORE, _AFTER = "latency_ms", "predicted_ms"


def predicted_section(section: Section) -> Section:
    """The section with its latencies under the keys of predictions."""
    columns = tuple(replace(column, key=_key(column.key)) for column in section.columns)
    plot = _plot(section.plot) if section.plot else None
    return replace(section, columns=columns, rows=tuple(map(_row, section.rows)), plot=plot)


def _plot(plot: Plot) -> Plot:
    rows = tuple(map(_row, plot.rows)) if plot.rows is not None else None
    return replace(plot, x=_key(plot.x), rows=rows)


def _row(row: Row) -> Row:
    return {_key(key): cell for key, cell in row.items()}


def _key(key: str) -> str:
    return key.replace(_BEFORE, _AFTER)

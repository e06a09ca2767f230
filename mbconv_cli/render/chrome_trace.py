"""A profile as a trace that Perfetto and chrome://tracing open: stages, in them blocks, in them layers, over time.

The Trace Event Format is described in "Trace Event Format", Google, 2016: complete events (`ph` is `X`) with `ts` and
`dur` in microseconds; an event lies within another one of its thread whose time contains its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from mbconv_cli.errors import InputError
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report, Row
from mbconv_cli.units import MICROSECONDS_PER_MILLISECOND

ROWS: Final = ("layers", "blocks", "stages")
"""The sections whose rows can follow each other in time, the most detailed first."""
LEVELS: Final = ("stage", "block")
FIGURES: Final = ("params", "macs", "bytes", "latency_ms_low", "latency_ms_high", "role", "op")


def render_chrome_trace(report: Report, _: Style) -> str:
    """The layers one after the other, each as long as it took, under their blocks and stages.

    Raises:
        InputError: the rows were not measured, or are not all there in running order.
    """
    rows = _timed_rows(report)
    name = str(report.subject.get("name", "network"))
    events = [
        {"name": "process_name", "ph": "M", "pid": 1, "tid": 1, "ts": 0, "args": {"name": name}},
        *_events(rows, LEVELS, 0.0),
    ]
    document = {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {"mbconv": report.provenance.mbconv, "spec_sha256": report.provenance.spec_sha256},
    }
    return json.dumps(document, indent=1) + "\n"


def _timed_rows(report: Report) -> list[Row]:
    section = next((report.sections[name] for name in ROWS if name in report.sections), None)
    rows = list(section.rows) if section else []
    if not rows or not all(isinstance(row.get("latency_ms"), float) for row in rows):
        raise InputError(
            "--format chrome-trace shows measured times: measure (no --no-latency, --mode eager), and take --by layer, "
            "block or stage"
        )
    if section and any("output_shape" not in row for row in rows if row.get("macs")):
        raise InputError("--format chrome-trace shows every row in running order: leave --top and --sort out")
    return rows


def _events(rows: Sequence[Row], levels: Sequence[str], start: float) -> Iterator[dict[str, Any]]:
    """The events of rows that follow each other, those of the first level around those of the next."""
    if not levels:
        for row in rows:
            duration = _microseconds([row])
            yield _event(str(row["name"]), start, duration, {key: row[key] for key in FIGURES if key in row})
            start += duration
        return
    for name, group in groupby(rows, key=lambda row: row.get(levels[0])):
        members = list(group)
        duration = _microseconds(members)
        if name is not None:  # rows by stage have no stage of their own, nor has what is outside of every op
            yield _event(str(name), start, duration, {})
        yield from _events(members, levels[1:], start)
        start += duration


def _event(name: str, start: float, duration: float, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "ph": "X", "pid": 1, "tid": 1, "ts": start, "dur": duration, "args": arguments}


def _microseconds(rows: Sequence[Row]) -> float:
    return sum(MICROSECONDS_PER_MILLISECOND * float(str(row["latency_ms"])) for row in rows)

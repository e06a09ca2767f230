"""The trace: complete events in microseconds, each layer within its block, each block within its stage."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report, Row

TOLERANCE = 1e-6
"""In microseconds: what sums of floating-point numbers may be off."""


def events(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render(report, Format.CHROME_TRACE, Style()))["traceEvents"]
    return [one for one in found if one["ph"] == "X"]


def test_every_layer_is_there_as_long_as_it_took(measured: Report) -> None:
    rows = measured.sections["layers"].rows
    by_name = {one["name"]: one for one in events(measured)}
    assert [by_name[str(row["name"])]["dur"] for row in rows] == [1_000 * float(str(row["latency_ms"])) for row in rows]


def test_layers_follow_each_other_within_their_block_and_stage(measured: Report) -> None:
    found = events(measured)
    names = [str(row["name"]) for row in measured.sections["layers"].rows]
    layers = [one for one in found if one["args"]]
    assert [one["name"] for one in layers] == names
    for before, after in pairwise(layers):
        assert after["ts"] == pytest.approx(before["ts"] + before["dur"])
    whole = 1_000 * sum(float(str(row["latency_ms"])) for row in measured.sections["layers"].rows)
    assert sum(one["dur"] for one in found if not one["args"]) >= whole
    assert all({"name", "ph", "pid", "tid", "ts", "dur"} <= one.keys() for one in found)


def test_a_viewer_finds_what_the_format_asks_for(measured: Report) -> None:
    """The fields of "Trace Event Format" (Google, 2016): every event's, and those of complete events and metadata."""
    document = json.loads(render(measured, Format.CHROME_TRACE, Style()))
    assert document["displayTimeUnit"] in {"ms", "ns"}
    for event in document["traceEvents"]:
        assert isinstance(event["name"], str)
        assert (type(event["pid"]), type(event["tid"])) == (int, int)
        if event["ph"] == "M":
            assert (event["name"], list(event["args"])) == ("process_name", ["name"])
        else:
            assert event["ph"] == "X"
            assert event["ts"] >= 0
            assert event["dur"] >= 0
            assert isinstance(event["args"], dict)


def test_events_of_a_thread_are_in_order_and_nested(measured: Report) -> None:
    """As viewers draw them: an event begins within the one above it, and ends there as well."""
    open_until: list[float] = []
    last = 0.0
    for event in events(measured):
        start, end = event["ts"], event["ts"] + event["dur"]
        assert start >= last
        last = start
        while open_until and open_until[-1] <= start + TOLERANCE:
            open_until.pop()
        assert not open_until or end <= open_until[-1] + TOLERANCE, event
        open_until.append(end)


def test_what_was_not_measured_has_no_trace(exact: Report) -> None:
    with pytest.raises(InputError, match="shows measured times"):
        render(exact, Format.CHROME_TRACE, Style())


def test_a_report_that_sums_rows_up_has_none_either(measured: Report) -> None:
    section = measured.sections["layers"]
    rest: Row = {"name": "4 others", "macs": 1, "latency_ms": 1.0}
    cut = replace(measured, sections={"layers": replace(section, rows=(*section.rows[:2], rest))})
    with pytest.raises(InputError, match="leave --top and --sort out"):
        render(cut, Format.CHROME_TRACE, Style())

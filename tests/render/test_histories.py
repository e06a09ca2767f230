"""The formats of those who keep a history, held against what their documentation says of them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Cell, Report
from tests.render.conftest import check_report, check_row
from tests.render.readers_schemas import BENCHER_RESULTS

NUMBER = {"type": "number"}
# https://bencher.dev/docs/reference/bencher-metric-format, stricter than what Bencher reads (`BENCHER_RESULTS`): no key
# is there that it does not know.
BMF = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "propertyNames": {"minLength": 1, "maxLength": 64},
        "additionalProperties": {
            "type": "object",
            "properties": {"value": NUMBER, "lower_value": NUMBER, "upper_value": NUMBER},
            "required": ["value"],
            "additionalProperties": False,
        },
    },
}
# https://github.com/benchmark-action/github-action-benchmark: a list of entries that need a name, a unit and a value,
# and may have a range and an extra. Here too no other key is allowed.
BENCHMARK_ACTION = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "unit": {"type": "string", "minLength": 1},
            "value": NUMBER,
            "range": {"type": "string"},
            "extra": {"type": "string"},
        },
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
    },
}
SCHEMAS = {Format.BMF: BMF, Format.BENCHMARK_ACTION: BENCHMARK_ACTION}


def written(report: Report, output_format: Format) -> Any:
    return json.loads(render(report, output_format, Style()))


@pytest.mark.parametrize("output_format", SCHEMAS)
@pytest.mark.parametrize("name", ["check", "hostile_check", "measured", "exact"])
def test_is_valid(name: str, output_format: Format, request: pytest.FixtureRequest) -> None:
    jsonschema.validate(written(request.getfixturevalue(name), output_format), SCHEMAS[output_format])


@pytest.mark.parametrize("name", ["check", "hostile_check", "measured", "exact"])
def test_bencher_reads_it(name: str, request: pytest.FixtureRequest) -> None:
    results = written(request.getfixturevalue(name), Format.BMF)
    jsonschema.validate(results, BENCHER_RESULTS)
    refused: tuple[dict[str, Any], ...] = (
        {"net": {"macs": {"lower_value": 1}}},
        {"net": {"macs": {"value": "1"}}},
        {"net": [1]},
        {"": {}},
    )
    for wrong in refused:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(results | wrong, BENCHER_RESULTS)


def test_bmf_of_a_profile_has_the_totals_and_the_interval(measured: Report) -> None:
    totals = measured.totals
    assert written(measured, Format.BMF) == {
        "tiny": {
            "params": {"value": totals["params"]},
            "macs": {"value": totals["macs"]},
            "flops": {"value": totals["flops"]},
            "bytes": {"value": totals["bytes"]},
            "latency_ms": {"value": 1.96, "lower_value": 1.8975, "upper_value": 2.0225},
        }
    }


def test_bmf_of_a_check_has_what_is_now_and_nothing_that_is_not(check: Report) -> None:
    document = written(check, Format.BMF)
    assert document["ours-large"] == {
        "params": {"value": 5_289_060},
        "macs": {"value": 397_002_848},
        "latency_ms": {"value": 26.75},
    }
    assert {"ours-old", "ours-tiny", "ours-broken"}.isdisjoint(document)


def test_entries_of_the_action_have_units_ranges_and_verdicts(check: Report, measured: Report) -> None:
    entries = {entry["name"]: entry for entry in written(check, Format.BENCHMARK_ACTION)}
    assert entries["ours-large latency_ms"] == {
        "name": "ours-large latency_ms",
        "unit": "ms",
        "value": 26.75,
        "extra": "fail, max_increase 3%",
    }
    latency = written(measured, Format.BENCHMARK_ACTION)[-1]
    assert latency == {"name": "tiny latency_ms", "unit": "ms", "value": 1.96, "range": "± 0.0625"}


def test_a_latency_of_a_check_has_its_interval() -> None:
    ends: dict[str, Cell] = {"head_low": 24.0, "head_high": 26.0}
    report = check_report((check_row("net", "latency_ms", (24.0, 25.0, "ms"), "", "pass", **ends),))
    bmf, action = (written(report, output_format) for output_format in (Format.BMF, Format.BENCHMARK_ACTION))
    assert bmf == {"net": {"latency_ms": {"value": 25.0, "lower_value": 24.0, "upper_value": 26.0}}}
    assert action[0]["range"] == "± 1"
    jsonschema.validate(bmf, SCHEMAS[Format.BMF])


def test_the_order_is_the_reports_so_that_histories_do_not_jump(check: Report) -> None:
    names = [entry["name"] for entry in written(check, Format.BENCHMARK_ACTION)]
    rows = check.sections["checks"].rows
    assert names == [f"{row['network']} {row['metric']}" for row in rows if row["head"] is not None]


@pytest.mark.parametrize("output_format", SCHEMAS)
def test_nothing_that_a_page_or_a_comment_would_obey(hostile_check: Report, output_format: Format) -> None:
    text = render(hostile_check, output_format, Style())
    assert text.isascii()
    assert not set("<>`|@&") & set(text)

"""Profiles read back, and whether two of them may be compared in latency."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mbconv_cli.analysis.diff.diff import diff
from mbconv_cli.analysis.diff.stored_profiles import StoredProfile, stored_profile
from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.errors import InputError
from mbconv_cli.report.document import to_document, to_json

MACHINE = {"cpu": "Abacus 1", "cores": 2, "threads": 2, "torch": "2.6.0", "device": "cpu", "python": "3.11.1"}


def measured(milliseconds: float = 10.0, **machine: object) -> StoredProfile:
    """A profile with a latency from some machine."""
    document = to_document(profile(open_network("mobilenet-v3-small")))
    document["provenance"]["machine"] = MACHINE | machine
    document["provenance"]["settings"] = {"mode": "eager"}
    spread = {"latency_ms_low": milliseconds - 1, "latency_ms_high": milliseconds + 1}
    document["totals"] |= {"latency_ms": milliseconds, **spread}
    return stored_profile(json.dumps(document), "stored.json")


def test_latency_of_equal_machines_is_compared() -> None:
    report = diff(measured(10), measured(12, python="3.12.0")).report
    base, head = report.sections["latency"].rows
    assert (base["latency_ms"], head["latency_ms_high"]) == (10, 13)
    assert head["latency_ratio"] == pytest.approx(1.2)
    assert "latency_ratio_low" not in head
    assert any("each from one process" in note for note in report.notes)


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        ({"cpu": "Abacus 2"}, "cpu Abacus 1 and Abacus 2"),
        ({"threads": 1, "torch": "2.7.0"}, "threads 2 and 1, torch 2.6.0 and 2.7.0"),
        ({"instruction_set": "AVX2"}, "instruction set None and AVX2"),
    ],
)
def test_latency_of_other_machines_is_not_comparable_and_the_fields_are_told(
    machine: dict[str, object], told: str
) -> None:
    report = diff(measured(10), measured(12, **machine)).report
    assert "latency" not in report.sections
    assert any(note.startswith(f"latency: not comparable: {told}; ") for note in report.notes)
    assert any("--measure" in note for note in report.notes)


def test_one_latency_alone_is_not_compared() -> None:
    report = diff(measured(), open_network("mobilenet-v2")).report
    assert "latency" not in report.sections
    assert any(note.startswith("latency: not compared, since BASE alone brings one") for note in report.notes)


def damaged(change: Any) -> str:
    document = to_document(profile(open_network("mobilenet-v3-small")))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not a report"),
        ("{}", "schema None, expected 'mbconv.report/1'"),
        (to_json(profile(open_network("mnasnet-a1"), view=View(By.STAGE))), "no profile by layer"),
        (to_json(profile(open_network("mnasnet-a1"), view=View(top=3))), "the row '187 others' has no op"),
        (to_json(diff(open_network("mnasnet-a1"), open_network("mnasnet-a1")).report), "no profile by layer"),
        (damaged(lambda report: report["subject"].pop("input_shape")), r"should be \[N, C, H, W\]; got None"),
        (damaged(lambda report: report.update(schema="mbconv.report/9")), "schema 'mbconv.report/9'"),
        (damaged(lambda report: report["sections"]["layers"]["rows"][3].update(macs=-1)), "macs should be a count"),
        (
            damaged(lambda report: report["sections"]["layers"]["rows"][3].update(params="7")),
            "params should be a count",
        ),
        (damaged(lambda report: report["sections"]["layers"]["rows"][3].pop("input_shape")), "has no input_shape"),
        (
            damaged(lambda report: report["sections"]["layers"]["rows"][3].update(input_shape="x")),
            "input_shape should be a shape",
        ),
        (
            damaged(lambda report: report["sections"]["layers"]["rows"][3].update(output_shape=[0, 4, 4])),
            r"output_shape should be a shape; got \(0, 4, 4\)",
        ),
        (
            damaged(lambda report: report["sections"]["layers"]["rows"][3].update(macs=10**400)),
            "macs should be a count",
        ),
        (damaged(lambda report: report["totals"].update(peak_bytes=-1)), "peak_bytes should be a count"),
        (
            damaged(lambda report: report["totals"].update(latency_ms=12345.5)).replace("12345.5", "1e400"),
            "1e400 is larger than a number can be",
        ),
        (damaged(lambda report: report["totals"].update(latency_ms=-0.0)), "latency_ms should be a time in ms"),
        (damaged(lambda report: report["sections"]["layers"]["rows"].clear()), "no profile by layer"),
        (damaged(lambda report: report["sections"].clear()), "no profile by layer"),
    ],
)
def test_what_is_no_whole_profile(text: str, told: str) -> None:
    with pytest.raises(InputError, match=rf"^stored\.json: .*{told}"):
        stored_profile(text, "stored.json")

"""The evidence on repeatability: computed from simulated records, and collected with made-up measurements."""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path
from typing import Any

import pytest
import repeatability
from repeatability import Task, collect, keep, read
from repeatability_evidence import coefficients, gate, overhead, page, profiles, slowed

from mbconv_cli.measure.statistics.control_variate import COEFFICIENT, at_quiet_speed, process_figure


def record(order: random.Random, number: int) -> dict[str, Any]:
    """A profile of five processes of 10 ms on a machine whose speed wanders by 5 % from run to run."""
    slow = math.exp(abs(order.gauss(0, 0.05)))
    processes: list[dict[str, Any]] = []
    for _ in range(5):
        pace = slow**COEFFICIENT * math.exp(order.gauss(0, 0.01))
        passes = [10 * pace * math.exp(order.gauss(0, 0.01)) for _ in range(20)]
        processes.append(
            {
                "seconds": 0.8,
                "end_to_end": passes,
                "stamped": passes,
                "page_faults": 100.0,
                "reference": [[0.2 * slow, 0.8 * slow]] * 16,
            }
        )
    figures = [process_figure(sorted(one["end_to_end"])[10], one["reference"]) for one in processes]
    found = at_quiet_speed(figures, 0.4).estimate
    return {
        "key": ["profile", "idle", "efficientnet-b0", 1],
        "number": number,
        "wall_s": 10.0,
        "headline": [found.value, found.low, found.high],
        "unusable": None,
        "quiet_ms": 0.4,
        "processes": processes,
        "left_out": [],
    }


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    order = random.Random(0)
    return [record(order, number) for number in range(60)]


def test_the_new_estimate_repeats_better_and_its_interval_holds(records: list[dict[str, Any]]) -> None:
    row = profiles(records)
    assert row["raw sd %"] > 2.0
    assert row["new sd %"] < 1.0
    assert row["new coverage %"] >= 85
    assert row["raw coverage %"] < 70
    assert (row["runs"], row["usable"], row["left out"]) == (60, 60, 0)


def test_a_slowed_process_moves_the_new_headline_little(records: list[dict[str, Any]]) -> None:
    row = slowed(records)
    assert row["cases"] == 300
    assert row["raw moves %"] == pytest.approx(10.0, abs=0.5)
    assert row["new at most %"] < 1.0


def test_coefficients_and_overhead(records: list[dict[str, Any]]) -> None:
    assert coefficients(records)[f"{COEFFICIENT:g}"] < coefficients(records)["0"]
    assert overhead(records)["share %"] == pytest.approx(100 * 16 * 0.001 / 0.8, rel=0.3)


def test_the_gate_with_and_without_correction() -> None:
    order = random.Random(1)
    found = []
    for _ in range(60):
        slow = math.exp(abs(order.gauss(0, 0.05)))
        times = [[10 * slow * math.exp(order.gauss(0, 0.02)) for _ in range(2)] for _ in range(20)]
        found.append({"times": times, "reference": [[[0.2 * slow, 0.8 * slow]] * 2] * 20})
    row = gate(found)
    assert row["stored, corrected: sd %"] < 0.5 * row["stored: sd %"]
    assert row["stored, corrected: detectable %"] < row["stored: detectable %"]
    assert row["paired: false alarms %"] <= 2.0
    assert row["paired: sd %"] < 1.0


def test_the_page_has_all_tables_and_what_a_user_sees(records: list[dict[str, Any]]) -> None:
    printed = {"key": ["printed", "busy", "efficientnet-b0", 1], "number": 0, "text": "no usable result: ..."}
    text = page([*records, printed], {"cpu": "an Abacus"})
    assert "cpu an Abacus" in text
    assert "## 1 and 2." in text
    assert "## 6. efficientnet-b0, busy\n\n```\nno usable result: ...\n```" in text
    assert "## 5." not in text  # nothing was measured for it


def options(folder: Path, minutes: float = 10.0) -> argparse.Namespace:
    return argparse.Namespace(
        folder=folder, runs=3, gate=2, stretches=1, minutes=minutes, modes="idle,busy", threads="1", quick=True
    )


def test_a_run_that_was_cut_off_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Task] = []

    def measured(task: Task, _: int) -> dict[str, Any]:
        if len(taken) == 4:
            raise KeyboardInterrupt
        taken.append(task)
        return {}

    monkeypatch.setattr(repeatability, "measured", measured)
    monkeypatch.setattr(repeatability, "BUSY_CORES", {"idle": 0, "busy": 0, "two busy": 0})
    with pytest.raises(KeyboardInterrupt):
        collect(options(tmp_path))
    keep(tmp_path / "raw.jsonl", {"key": ["gate", "idle", "mobilenet-v3-small", 1]})
    monkeypatch.setattr(repeatability, "measured", lambda *_: {})
    collect(options(tmp_path))
    kinds = [found["key"][0] for found in read(tmp_path / "raw.jsonl")]
    assert {kind: kinds.count(kind) for kind in kinds} == {"printed": 2, "stretches": 1, "profile": 6, "gate": 4}


def test_a_group_ends_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0

    def measured(*_: object) -> dict[str, Any]:
        nonlocal seconds
        seconds += 20.0
        return {}

    monkeypatch.setattr(repeatability, "measured", measured)
    monkeypatch.setattr(repeatability, "BUSY_CORES", {"idle": 0, "busy": 0, "two busy": 0})
    collect(options(tmp_path, minutes=2.0), now=lambda: seconds)
    assert 0 < len(read(tmp_path / "raw.jsonl")) < 13

"""The script that collects all evidence on a GPU: it goes on when a part fails, keeps within its time, and reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from accelerator import Part, PartFailedError, PartResult, Row, Setting, attempt, collect, run_part, write

PARTS = (Part("first", "Why?", 10.0), Part("second", "How?", 30.0), Part("third", "When?", 60.0))


@dataclass
class FakeParts:
    """Parts that take some seconds each of a made-up clock; one of them fails after its first row."""

    seconds: float
    failing: str = ""
    now: float = 0.0
    limits: list[float] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    def run(self, part: Part, setting: Setting) -> list[Row]:
        self.limits.append(setting.seconds)
        self.now += self.seconds
        rows: list[Row] = [{"network": part.name, "latency_ms": 1.25}]
        if part.name == self.failing:
            raise PartFailedError("exit code 1: CUDA error: an illegal memory access", rows)
        return [*rows, {"network": part.name, "problem": None}]

    def keep(self, results: Sequence[PartResult]) -> None:
        self.kept.append(len(results))

    def collect(self, seconds: float) -> list[PartResult]:
        return collect(PARTS, "fake", seconds, quick=True, keep=self.keep, run=self.run, now=lambda: self.now)


def test_a_part_that_fails_is_reported_and_the_others_run() -> None:
    fake = FakeParts(5.0, failing="second")
    results = fake.collect(480.0)
    assert [result.status for result in results] == [
        "done",
        "failed: exit code 1: CUDA error: an illegal memory access",
        "done",
    ]
    assert [len(result.rows) for result in results] == [2, 1, 2]
    assert fake.kept == [1, 2, 3]


def test_time_that_is_not_used_goes_to_later_parts_and_what_no_time_is_left_for_is_left_out() -> None:
    assert FakeParts(5.0).collect(100.0)[-1].status == "done"
    fake = FakeParts(20.0)
    fake.collect(200.0)
    assert fake.limits == pytest.approx([20.0, 60.0, 160.0])
    late = FakeParts(48.0)
    results = late.collect(100.0)
    assert [result.status for result in results] == ["done", "done", "left out: no time was left"]


def test_results_are_json_and_a_page(tmp_path: Path) -> None:
    results = FakeParts(1.0, failing="first").collect(480.0)
    write(tmp_path / "new", results, {"device_name": "an Abacus", "driver": "1.2"})
    record = json.loads((tmp_path / "new" / "accelerator.json").read_text())
    assert record["conditions"]["driver"] == "1.2"
    assert [part["name"] for part in record["parts"]] == ["first", "second", "third"]
    page = (tmp_path / "new" / "accelerator.md").read_text()
    assert "- device_name: an Abacus" in page
    assert "| first | 1.25 |" in page
    assert "failed: exit code 1: CUDA error" in page
    assert "| second |  |  |" in page


def script(folder: Path, end: str) -> Path:
    """A part that prints a row, and what it was asked for, before its end."""
    file = folder / "part.py"
    file.write_text(
        f"import json, sys, time\nprint(json.dumps({{'argv': ' '.join(sys.argv[1:])}}), flush=True)\n{end}\n"
    )
    return file


def test_a_process_that_fails_says_why_and_its_rows_count(tmp_path: Path) -> None:
    setting = Setting("cuda:1", quick=True, seconds=60.0)
    with pytest.raises(PartFailedError, match=r"^exit code 1: ValueError: no such kernel$") as caught:
        run_part(PARTS[0], setting, script(tmp_path, "raise ValueError('no such kernel')"))
    assert caught.value.rows == [{"argv": "first cuda:1 60.0 --quick"}]


def test_a_process_that_hangs_is_ended(tmp_path: Path) -> None:
    hanging = script(tmp_path, "time.sleep(60)")
    setting = Setting("fake", quick=False, seconds=1.0)
    result = attempt(PARTS[1], setting, lambda part, asked: run_part(part, asked, hanging), lambda: 0.0)
    assert result.status == "failed: ran past its 1 s"
    assert result.rows == [{"argv": "second fake 1.0"}]

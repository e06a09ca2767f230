"""Comparisons: what is left out, when there is no usable result, and what is then advised; processes are made up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from mbconv_cli.analysis import measuring
from mbconv_cli.analysis.compare.kernel_question import KernelQuestion
from mbconv_cli.analysis.compare.kernels import compare_kernels
from mbconv_cli.analysis.measuring import MeasureRequest, notes, unusable_reason, usable_figures, with_slowdown
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.threads import CpuBounds
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.comparisons import (
    COMPARISON,
    TOGETHER,
    Comparison,
    Outcome,
    Request,
    compare,
    started_together,
)
from mbconv_cli.measure.processes.launch import FreshProcess
from mbconv_cli.report.model import Cell

MACHINE: dict[str, Cell] = {"device": "cpu", "device_name": "a CPU", "threads": 4, "torch": "2"}
ALIKE = (1.0, 1.01, 0.99, 1.0, 1.02)


@pytest.fixture(autouse=True)
def _idle_and_new(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("MBCONV_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr("mbconv_cli.measure.processes.comparisons.load_average", lambda: 0.1)
    monkeypatch.setattr(measuring, "usable_cores", lambda: frozenset(range(4)))


def outcome(pace: float, ratio: float, reference_ms: float) -> Outcome:
    latencies, ratios = ((10 * pace, 10 * pace * ratio),), ((1.0, ratio),)
    return Outcome(latencies, ratios, (9,), MACHINE, 7, reference=(((reference_ms, reference_ms),),))


def compared(
    paces: tuple[float, ...] = ALIKE, ratios: tuple[float, ...] = (1.2,) * 5, reference_ms: float = 0.5
) -> Comparison:
    outcomes = iter([outcome(pace, ratio, reference_ms) for pace, ratio in zip(paces, ratios, strict=True)])
    request = Request(sets=((),), device=DeviceChoice("cpu"))
    return with_slowdown(compare(request, len(paces), lambda _: None, lambda *_: next(outcomes)))


def test_a_quiet_machine_has_a_usable_result() -> None:
    found = compared()
    assert unusable_reason(found) is None
    assert found.slowdown == pytest.approx(1.0)
    assert usable_figures(found)["usable"] is True
    assert usable_figures(None) == {}


def test_a_disturbed_process_is_left_out_and_shown() -> None:
    found = compared(paces=(1.0, 1.8, 0.99, 1.0, 1.02), ratios=(1.2, 1.7, 1.2, 1.2, 1.2))
    assert found.left_out == 1
    assert found.latency_ratio[0][1].value == pytest.approx(1.2)
    assert found.latency_ms[0][0].value == pytest.approx(10.0, rel=0.02)
    assert "warning: 1 of 5 processes ran much slower than the others and was left out" in notes(found)


def test_an_overloaded_machine_gives_no_conclusion() -> None:
    compared(reference_ms=0.5)
    found = compared(reference_ms=0.9)
    assert notes(found)[0] == (
        "no usable result: the machine was overloaded: it ran the reference workload 1.8x slower than at its quiet "
        "speed; something outside of this system slows the machine down; measure later, or on another one"
    )
    busy = replace(found, load_before=2.2)
    assert str(unusable_reason(busy)).endswith("; other programs keep 2 cores busy; try --threads 2")


def test_ratios_that_are_not_known_give_none_either() -> None:
    found = compared(ratios=(1.0, 1.5, 0.8, 1.2, 1.4))
    assert unusable_reason(found) == (
        "the 95 % interval of every ratio is wider than 20 % of it; take more --processes"
    )


def test_no_winner_is_named_where_there_is_no_usable_result() -> None:
    def launch(request: Request, _: Progress) -> Outcome:
        return outcome(1.0, 0.5 if request.seed % 2 else 0.9, 0.5)

    question = KernelQuestion(kernel=5, stack=(3, 3), n=(8,), m=None, height=8, width=8)
    report = compare_kernels(question, MeasureRequest(DeviceChoice("cpu"), None, 4, lambda _: None, launch))
    assert report.notes[-1].startswith("audit: ") or not any("faster is" in note for note in report.notes)
    assert not any("faster is" in note for note in report.notes)
    assert any(note.startswith("no usable result: ") for note in report.notes)
    assert report.measurement["usable"] is False
    assert [row["latency_winner"] for row in report.sections["crossing"].rows if "latency_winner" in row] == [
        "undecided"
    ]


@dataclass
class FakeStarts:
    """Processes that note when they were started, ready, called and closed."""

    events: list[str] = field(default_factory=list)
    started: int = 0

    @contextmanager
    def start(self, function: str) -> Iterator[FreshProcess]:
        assert function == COMPARISON
        self.started += 1
        yield cast(FreshProcess, FakeStart(self, self.started))


@dataclass
class FakeStart:
    starts: FakeStarts
    number: int

    def wait_until_ready(self) -> None:
        self.starts.events.append(f"ready {self.number}")

    def call(self, *_: Any, **__: Any) -> Outcome:
        self.starts.events.append(f"call {self.number}")
        return outcome(1.0, 1.2, 0.5)

    def close(self) -> None:
        self.starts.events.append(f"close {self.number}")


def test_processes_are_started_together_and_called_one_by_one() -> None:
    fake = FakeStarts()
    request = Request(sets=((),), device=DeviceChoice("cpu"))
    with started_together(7, fake.start) as launch:
        compare(request, 7, lambda _: None, launch)
    first = [f"ready {number}" for number in range(1, TOGETHER + 1)]
    called = [event for number in range(1, TOGETHER + 1) for event in (f"call {number}", f"close {number}")]
    assert fake.events == [*first, *called, "ready 6", "ready 7", "call 6", "close 6", "call 7", "close 7"]


def test_a_container_with_less_than_a_core_is_what_slows_passes_down(monkeypatch: pytest.MonkeyPatch) -> None:
    compared(reference_ms=0.5)
    monkeypatch.setattr("mbconv_cli.machine.threads.cpu_bounds", lambda: CpuBounds(cores=64, quota=0.5))
    assert str(unusable_reason(compared(reference_ms=0.9))).endswith(
        "; a control group allows 0.5 cores' time, which stops every pass for a while; allow a whole core"
    )

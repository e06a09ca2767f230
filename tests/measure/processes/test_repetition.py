"""When repetition goes on, when it ends, and what it hands to each process; processes and clock are made up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from mbconv_cli.analysis.profile.reconciliation import end_to_end
from mbconv_cli.measure.audit_result import Audit, Disagreement
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import DEFAULT_PROCESSES, LEAST_PROCESSES, Budget, budget_for, budget_of_process
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.processes.launch import FreshProcess
from mbconv_cli.measure.processes.repetition import repeat
from mbconv_cli.measure.statistics.estimates import process_mean

FUNCTION = "some.module:some_function"
AGREES = Audit(1, 0, 0, 0, (), ())
DISAGREES = Audit(1, 0, 0, 0, (Disagreement("stem.conv", 1, 2),), ())
Outcome = Sequence[Bench] | BaseException


def found(median: float, *, interrupted: bool = False, audit: Audit = AGREES) -> Bench:
    return Bench(audit, Measurement([median] * 3, [[median]] * 3, 2, steady=True, interrupted=interrupted), {})


@dataclass(slots=True)
class FakeProcesses:
    """Processes that take `seconds` each to start together, and then each as long to measure.

    The k-th one finds the k-th outcome, and the last one again when there are no more.
    """

    outcomes: Sequence[Outcome]
    seconds: float = 1.0
    now: float = 0.0
    started: int = 0
    alive: int = 0
    ready: int = 0
    closed: int = 0
    so_far: Sequence[Bench] | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    ready_at_call: list[int] = field(default_factory=list)
    told: list[float] = field(default_factory=list)

    @contextmanager
    def launch(self, function: str) -> Iterator[FreshProcess]:
        assert function == FUNCTION
        self.started += 1
        self.alive += 1
        try:
            yield cast(FreshProcess, self)
        finally:
            self.alive -= 1

    def wait_until_ready(self) -> None:
        self.ready += 1
        self.now += self.seconds

    def close(self) -> None:
        self.closed += 1

    def interrupt(self) -> Sequence[Bench]:
        if self.so_far is None:
            raise KeyboardInterrupt
        return self.so_far

    def call(self, *, progress: Any, **arguments: Any) -> Sequence[Bench]:
        assert self.closed == len(self.calls), "the one before it may still be busy with its end"
        self.calls.append(arguments)
        self.ready_at_call.append(self.ready)
        progress(0.5)
        self.now += self.seconds
        outcome = self.outcomes[min(len(self.calls), len(self.outcomes)) - 1]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def repeat(self, budget: Budget, processes: int | None) -> Bench:
        (bench,) = repeat(
            FUNCTION,
            {"plan": "a plan"},
            budget,
            processes,
            self.told.append,
            launch=self.launch,
            now=lambda: self.now,
        )
        assert self.alive == 0
        return bench


UNEQUAL = [[found(10.0)], [found(10.8)]] * 50
SLOWED = [found(15.0)]


@pytest.mark.parametrize("processes", [1, 2, 7, 12])
def test_as_many_processes_as_are_asked_for(processes: int) -> None:
    fake = FakeProcesses(UNEQUAL)
    bench = fake.repeat(budget_for(None, 0.1), processes)
    assert len(fake.calls) == fake.started == len(bench.measurement.by_process) == processes
    assert fake.told == pytest.approx([(index + 0.5) / processes for index in range(processes)])


def test_those_that_start_together_are_all_ready_before_the_first_is_called() -> None:
    fake = FakeProcesses(UNEQUAL)
    fake.repeat(budget_for(None, None), 7)
    assert fake.ready_at_call == [DEFAULT_PROCESSES] * DEFAULT_PROCESSES + [7] * (7 - DEFAULT_PROCESSES)


def test_only_the_first_process_audits() -> None:
    fake = FakeProcesses(UNEQUAL)
    budget = budget_for(None, None)
    fake.repeat(budget, 3)
    assert [call["audited"] for call in fake.calls] == [None, AGREES, AGREES]
    assert [call["budget"] for call in fake.calls] == [budget_of_process(budget, 3)] * 3
    assert {call["plan"] for call in fake.calls} == {"a plan"}


def test_without_a_number_it_goes_on_until_the_interval_is_precise() -> None:
    fake = FakeProcesses(UNEQUAL, seconds=0.01)
    bench = fake.repeat(budget_for(0.02, None), None)
    count = len(bench.measurement.processes)
    assert count > DEFAULT_PROCESSES
    medians = [10.0, 10.8] * 50
    precise = [process_mean(medians[:length]).precision <= 0.02 for length in range(DEFAULT_PROCESSES, 100)]
    assert count == DEFAULT_PROCESSES + precise.index(True)
    assert bench.measurement.precision_asked == 0.02


def test_equal_processes_are_enough_when_there_are_as_many_as_usual() -> None:
    fake = FakeProcesses([[found(10.0)]])
    fake.repeat(budget_for(None, None), None)
    assert fake.started == len(fake.calls) == DEFAULT_PROCESSES


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.1, LEAST_PROCESSES), (1.9, LEAST_PROCESSES), (3.5, 4), (4.5, DEFAULT_PROCESSES)]
)
def test_the_time_ends_it_once_there_is_the_least_and_starting_does_not_count(seconds: float, count: int) -> None:
    fake = FakeProcesses(UNEQUAL)
    bench = fake.repeat(budget_for(0.0001, seconds), None)
    assert len(bench.measurement.processes) == count
    assert fake.told == sorted(fake.told)
    assert max(fake.told) <= 1.0


def test_a_disturbed_process_is_left_out_and_replaced_and_moves_the_headline_by_less_than_1_percent() -> None:
    quiet = [[found(10.0)], [found(10.1)], [found(9.9)], [found(10.05)], [found(10.02)]]
    slowed = [*quiet[:2], SLOWED, *quiet[3:], quiet[2]]
    expected = FakeProcesses(quiet).repeat(budget_for(0.05, 20.0), None)
    fake = FakeProcesses(slowed)
    bench = fake.repeat(budget_for(0.05, 20.0), None)
    assert len(fake.calls) == DEFAULT_PROCESSES + 1
    assert len(bench.measurement.processes) == DEFAULT_PROCESSES
    assert [one.end_to_end for one in bench.measurement.left_out] == [[15.0] * 3]
    assert end_to_end(bench).value == pytest.approx(end_to_end(expected).value, rel=0.01)
    assert end_to_end(bench).low < end_to_end(expected).low


@pytest.mark.parametrize(("processes", "called"), [(None, 5), (6, 6)])
def test_nothing_is_replaced_when_the_time_is_over(processes: int | None, called: int) -> None:
    fake = FakeProcesses([[found(10.0)], [found(10.1)], SLOWED, [found(9.9)]])
    bench = fake.repeat(budget_for(0.5, 5.0), processes)
    assert len(fake.calls) == called
    assert len(bench.measurement.left_out) == 1
    assert end_to_end(bench).value == pytest.approx(10.0, rel=0.01)


def test_a_given_number_of_processes_is_one_of_undisturbed_ones_as_long_as_there_is_time() -> None:
    fake = FakeProcesses([[found(10.0)], SLOWED, [found(10.1)], [found(9.9)]])
    bench = fake.repeat(budget_for(None, 60.0), 4)
    assert len(fake.calls) == 5
    assert len(bench.measurement.processes) == 4


def test_a_disagreement_ends_it_at_once() -> None:
    fake = FakeProcesses([[found(10.0, audit=DISAGREES)]])
    assert not fake.repeat(budget_for(None, None), None).audit.agrees
    assert len(fake.calls) == 1


@pytest.mark.parametrize("processes", [None, 4])
@pytest.mark.parametrize("just_done", [True, False])
def test_a_process_that_was_interrupted_is_the_last(processes: int | None, just_done: bool) -> None:
    so_far = [found(12.0, interrupted=not just_done)]
    fake = FakeProcesses([[found(10.0)], KeyboardInterrupt()], so_far=so_far)
    bench = fake.repeat(budget_for(None, None), processes)
    assert len(bench.measurement.processes) == len(fake.calls) == 2
    assert bench.measurement.interrupted


def test_an_interruption_keeps_what_earlier_processes_found() -> None:
    fake = FakeProcesses([[found(10.0)], [found(12.0)], KeyboardInterrupt()])
    bench = fake.repeat(budget_for(None, None), None)
    assert bench.measurement.end_to_end == [10.0] * 3 + [12.0] * 3
    assert bench.measurement.interrupted


def test_an_interruption_before_anything_was_found_passes() -> None:
    with pytest.raises(KeyboardInterrupt):
        FakeProcesses([KeyboardInterrupt()]).repeat(budget_for(None, None), None)

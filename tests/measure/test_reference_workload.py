"""The reference workload beside the rounds: how often it runs, by an injected clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import HostClock
from mbconv_cli.measure.latency import Stamp, measure
from mbconv_cli.measure.reference_workload import MOST_A_ROUND, TIME_SHARE, WARM_UP_CALLS, ReferenceTimer


@dataclass
class Machine:
    """A machine on which everything takes its time by one made-up clock, in ns."""

    now_ns: int = 0
    calls: list[str] = field(default_factory=list)

    def work(self, name: str, milliseconds: float) -> None:
        self.calls.append(name)
        self.now_ns += round(1e6 * milliseconds)

    def product(self) -> None:
        self.work("product", 0.25)

    def pages(self) -> None:
        self.work("pages", 0.75)

    def timer(self) -> ReferenceTimer:
        return ReferenceTimer((self.product, self.pages), HostClock(lambda: self.now_ns))


def test_each_kernel_is_timed_by_itself() -> None:
    machine = Machine()
    timer = machine.timer()
    timer.warm_up()
    assert len(machine.calls) == 2 * WARM_UP_CALLS
    timer.after_round(0.001)
    assert timer.samples == [pytest.approx((0.25, 0.75))]


@pytest.mark.parametrize("round_ms", [0.5, 12.0, 40.0, 500.0])
def test_it_takes_no_more_than_its_share_of_the_time(round_ms: float) -> None:
    machine = Machine()
    timer = machine.timer()
    for number in range(1, 501):
        timer.after_round(number * round_ms / 1_000)
    spent = sum(sum(sample) for sample in timer.samples)
    assert spent <= max(TIME_SHARE * 500 * round_ms, 1.0) + 1e-9
    assert len(timer.samples) >= min(500 * MOST_A_ROUND, int(TIME_SHARE * 500 * round_ms)) // 2


def test_after_a_long_round_there_are_several_samples_but_no_more_than_those() -> None:
    machine = Machine()
    timer = machine.timer()
    timer.after_round(0.1)
    assert len(timer.samples) == 1  # and one call before it, which is none
    timer.after_round(0.1)
    assert len(timer.samples) == 2
    timer.after_round(60.0)
    assert len(timer.samples) == 2 + MOST_A_ROUND


def test_without_a_workload_nothing_is_called_or_kept() -> None:
    timer = ReferenceTimer()
    timer.warm_up()
    timer.after_round(1.0)
    assert timer.samples == []


def test_it_runs_beside_the_rounds_of_a_measurement_and_is_no_part_of_a_pass() -> None:
    machine = Machine()

    def run(stamp: Stamp | None) -> None:
        machine.work("pass", 40.0)
        if stamp:
            stamp()

    found = measure(
        run,
        HostClock(lambda: machine.now_ns),
        Budget(precision=0.5, min_seconds=2.0, max_seconds=20.0),
        now=lambda: machine.now_ns / 1e9,
        reference=(machine.product, machine.pages),
    )
    assert set(found.end_to_end) == {40.0}
    assert len(found.reference) >= len(found.layers)
    assert machine.calls[-1] in {"pass", "pages"}

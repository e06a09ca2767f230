from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from mbconv_cli.measure.clock import HostClock
from mbconv_cli.measure.latency import Burst, Stamp
from mbconv_cli.measure.processes.turns import ComparisonBudget, interleave


class FakeTime:
    """A clock that only passes advance."""

    def __init__(self) -> None:
        self.nanoseconds = 0
        self.ran: list[str] = []

    def passing(self, name: str, milliseconds: Callable[[int], float], passes: int = 1) -> Burst:
        """Passes that together take so long the n-th time."""

        def run(_: Stamp | None) -> None:
            count = self.ran.count(name)
            self.ran.append(name)
            self.nanoseconds += round(milliseconds(count) * 1_000_000)

        return Burst(run, passes)

    def now_ns(self) -> int:
        return self.nanoseconds

    def now(self) -> float:
        return self.nanoseconds / 1e9


BUDGET = ComparisonBudget(seconds=0.1, min_rounds=4, warm_up_seconds=0, warm_up_rounds=2)


def test_every_round_has_every_candidate_and_the_order_changes() -> None:
    time = FakeTime()
    passes = [time.passing(name, lambda _: 5.0) for name in "abc"]
    sample = interleave(passes, HostClock(time.now_ns), BUDGET, order=random.Random(1), now=time.now)
    rounds = [tuple(time.ran[start : start + 3]) for start in range(0, len(time.ran), 3)]
    assert all(sorted(turn) == ["a", "b", "c"] for turn in rounds)
    assert len(set(rounds)) > 1
    assert len(rounds) == sample.rounds + BUDGET.warm_up_rounds
    assert sample.rounds == 7  # of 15 ms each, until 100 ms are over


def test_a_drift_that_hits_all_candidates_leaves_the_ratio_as_it_is() -> None:
    time = FakeTime()
    passes = [time.passing("a", lambda count: 1.0 + count), time.passing("b", lambda count: 2.0 * (1.0 + count))]
    sample = interleave(passes, HostClock(time.now_ns), BUDGET, order=random.Random(0), now=time.now)
    assert sample.latency_ratio == (1.0, 2.0)
    assert sample.latency_ms[1] == pytest.approx(2 * sample.latency_ms[0])


def test_a_burst_counts_as_the_mean_of_its_passes() -> None:
    time = FakeTime()
    candidates = [time.passing("a", lambda _: 5.0), time.passing("b", lambda _: 40.0, passes=4)]
    sample = interleave(candidates, HostClock(time.now_ns), BUDGET, order=random.Random(0), now=time.now)
    assert sample.latency_ms == (5.0, 10.0)
    assert sample.latency_ratio == (1.0, 2.0)


def test_slow_candidates_get_their_rounds_though_the_time_is_over() -> None:
    time = FakeTime()
    told: list[float] = []
    sample = interleave(
        [time.passing("a", lambda _: 1_000.0)],
        HostClock(time.now_ns),
        BUDGET,
        order=random.Random(0),
        now=time.now,
        progress=told.append,
    )
    assert sample.rounds == BUDGET.min_rounds
    assert told == [0.25, 0.5, 0.75, 1.0]

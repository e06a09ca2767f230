"""Candidates measured in turn in one process: plain passes, in a new random order in every round."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from mbconv_cli.measure.clock import Clock
from mbconv_cli.measure.latency import Burst, Progress, collector_off
from mbconv_cli.measure.reference_workload import ReferenceTimer, Workload


@dataclass(frozen=True, slots=True)
class ComparisonBudget:
    """How long one process measures one set of candidates.

    Attributes:
        seconds: measure for so long, once there are `min_rounds`.
        min_rounds: rounds (a pass of every candidate) that there are at the least.
        warm_up_seconds: rounds are thrown away for so long, and at least `warm_up_rounds`.
    """

    seconds: float = 1.0
    min_rounds: int = 8
    warm_up_seconds: float = 0.3
    warm_up_rounds: int = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process finds for one set of candidates: one figure each, since its samples are not independent.

    Attributes:
        latency_ms: each candidate's median.
        latency_ratio: each candidate's time over the first one's, the median of the rounds' ratios, so that
            what slows a whole round down takes no part in it.
        round_ms: each round's times, one for each candidate.
        reference: the times of the reference workload's kernels, `[samples][kernels]`.
    """

    latency_ms: tuple[float, ...]
    latency_ratio: tuple[float, ...]
    round_ms: tuple[tuple[float, ...], ...]
    reference: tuple[tuple[float, ...], ...] = ()

    @property
    def rounds(self) -> int:
        """How many there were."""
        return len(self.round_ms)


def interleave(
    candidates: Sequence[Burst],
    clock: Clock,
    budget: ComparisonBudget,
    *,
    order: random.Random,
    now: Callable[[], float] = time.monotonic,
    progress: Progress = lambda _: None,
    reference: Workload = (),
) -> Sample:
    """Time a plain pass of every candidate in every round, with the garbage collector off.

    Args:
        candidates: passes of each; the first is what the others are compared with.
        clock: takes the stamps.
        budget: how long.
        order: decides who goes first.
        now: a monotonic clock in seconds, for the budget.
        progress: called with the share of the budget that is used up.
        reference: the workload that shows how fast the machine is; it runs beside the rounds.
    """
    rounds: list[list[float]] = []
    timer = ReferenceTimer(reference)
    with collector_off():
        _warm_up(candidates, clock, budget, order, now)
        timer.warm_up()
        started = now()
        while len(rounds) < budget.min_rounds or now() - started < budget.seconds:
            rounds.append(_round(candidates, clock, order))
            timer.after_round(now() - started)
            progress(min((now() - started) / budget.seconds, len(rounds) / budget.min_rounds, 1.0))
    return Sample(
        latency_ms=tuple(median(times) for times in zip(*rounds, strict=True)),
        latency_ratio=tuple(median(t[index] / t[0] for t in rounds) for index in range(len(candidates))),
        round_ms=tuple(map(tuple, rounds)),
        reference=tuple(timer.samples),
    )


def _warm_up(
    candidates: Sequence[Burst], clock: Clock, budget: ComparisonBudget, order: random.Random, now: Callable[[], float]
) -> None:
    began, count = now(), 0
    while count < budget.warm_up_rounds or now() - began < budget.warm_up_seconds:
        _round(candidates, clock, order)
        count += 1


def _round(candidates: Sequence[Burst], clock: Clock, order: random.Random) -> list[float]:
    """The time of every candidate, in ms, in the order in which they are given."""
    times = [0.0] * len(candidates)
    for index in order.sample(range(len(candidates)), len(candidates)):
        times[index] = candidates[index].time(clock)
    return times

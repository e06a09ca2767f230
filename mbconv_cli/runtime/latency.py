"""Two interleaved passes: one plain, which is the latency that counts; one stamped, which shares it out."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final, TypeAlias

from mbconv_cli.runtime.estimates import median_interval

if TYPE_CHECKING:  # clocks import torch, and a budget is made without it
    from mbconv_cli.runtime.clocks import Clock

Stamp: TypeAlias = Callable[[], None]
Pass: TypeAlias = Callable[[Stamp | None], object]
Progress: TypeAlias = Callable[[float], None]

STEADY_WINDOW: Final = 4
STEADY_WITHIN: Final = 0.05


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to measure.

    Attributes:
        precision: stop once half the 95 % interval of the end-to-end median is within this share of it.
        min_seconds: measure at least so long; a burst of luck is short.
        max_seconds: stop then in any case, once there are `min_rounds`.
        min_rounds: rounds (a plain and a stamped pass each) without which no interval can be given.
        warm_up_seconds: bound on the warm-up.
    """

    precision: float = 0.02
    min_seconds: float = 1.5
    max_seconds: float = 6.0
    min_rounds: int = 12
    warm_up_seconds: float = 3.0


@dataclass(slots=True)
class Measurement:
    """The samples of one measurement, in ms.

    Attributes:
        end_to_end: each plain pass.
        layers: each stamped pass as the times of its ops, `[passes][ops]`.
        warm_up: passes that were run first and thrown away.
        steady: whether their time had become stable when the bound was reached.
        seconds: how long all of it took.
    """

    end_to_end: list[float] = field(default_factory=list)
    layers: list[list[float]] = field(default_factory=list)
    warm_up: int = 0
    steady: bool = False
    seconds: float = 0.0


def measure(
    run: Pass,
    clock: Clock,
    budget: Budget,
    *,
    now: Callable[[], float] = time.monotonic,
    progress: Progress = lambda _: None,
) -> Measurement:
    """Sample plain and stamped passes in turn, each first in every other round, with the garbage collector off.

    Args:
        run: one pass; calls what it is given after every op.
        clock: takes the stamps.
        budget: how long.
        now: a monotonic clock in seconds, for the budget.
        progress: told the share of the budget that is used up.
    """
    result = Measurement()
    began = now()
    with collector_off():
        _warm_up(run, clock, budget, now, result)
        started = now()
        while not _enough(result, budget, now() - started):
            stamped_first = len(result.layers) % 2 == 1
            if stamped_first:
                result.layers.append(_stamped_pass(run, clock))
            result.end_to_end.append(plain_pass(run, clock))
            if not stamped_first:
                result.layers.append(_stamped_pass(run, clock))
            progress(_share_done(result, budget, now() - started))
    result.seconds = now() - began
    return result


def plain_pass(run: Pass, clock: Clock) -> float:
    """The time of one pass without stamps, in ms."""
    clock.start()
    run(None)
    clock.stamp()
    return sum(clock.finish())


def _stamped_pass(run: Pass, clock: Clock) -> list[float]:
    clock.start()
    run(clock.stamp)
    return clock.finish()


def _warm_up(run: Pass, clock: Clock, budget: Budget, now: Callable[[], float], result: Measurement) -> None:
    """Until the median of a few passes is that of the few before them, or the time for it is over."""
    began = now()
    times: list[float] = []
    while not result.steady and (len(times) < 2 or now() - began < budget.warm_up_seconds):
        times.append(plain_pass(run, clock))
        _stamped_pass(run, clock)
        recent, before = times[-STEADY_WINDOW:], times[-2 * STEADY_WINDOW : -STEADY_WINDOW]
        if len(before) == STEADY_WINDOW:
            result.steady = abs(median(recent) - median(before)) <= STEADY_WITHIN * median(before)
    result.warm_up = len(times)


def _enough(result: Measurement, budget: Budget, seconds: float) -> bool:
    if len(result.layers) < budget.min_rounds or seconds < budget.min_seconds:
        return False
    return seconds >= budget.max_seconds or median_interval(result.end_to_end).precision <= budget.precision


def _share_done(result: Measurement, budget: Budget, seconds: float) -> float:
    return min(1.0, seconds / budget.max_seconds, len(result.layers) / budget.min_rounds)


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection inside, so that none falls into a pass."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

"""A short reference workload beside the rounds: how fast the machine was at that moment. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from mbconv_cli.measure.clock import Clock, HostClock
from mbconv_cli.units import MILLISECONDS_PER_SECOND

TIME_SHARE: Final = 0.04
"""Of the time of sampling: what the workload may take. With warming up, that is 2 to 3 % of a profile's time."""
WARM_UP_CALLS: Final = 3
MOST_A_ROUND: Final = 8
"""Samples after one round; its share of the time may be that of many where a pass takes seconds."""

_CLOCK_STEP_MS: Final = 1e-6  # what takes no time by the clock takes its smallest step

Workload: TypeAlias = Sequence[Callable[[], object]]
"""Kernels that are called one after the other, each timed by itself."""


class ReferenceTimer:
    """Calls the workload after a round whenever its share of the time allows it.

    Args:
        workload: none is called if it is empty.
        clock: takes the stamps.

    Attributes:
        samples: the kernels' times, `[samples][kernels]`, in ms.
    """

    def __init__(self, workload: Workload = (), clock: Clock | None = None) -> None:
        self.samples: list[tuple[float, ...]] = []
        self._workload = workload
        self._clock = clock or HostClock()
        self._spent_ms = 0.0

    def warm_up(self) -> None:
        """Call the workload a few times for nothing."""
        for _ in range(WARM_UP_CALLS if self._workload else 0):
            self._call()

    def after_round(self, seconds: float) -> None:
        """Take as many samples as the time allows, behind a call that finds caches as a pass left them.

        So a sample is the same after every network. The first round always has one.

        Args:
            seconds: since sampling began.
        """
        if not self._workload:
            return
        allowed_ms = TIME_SHARE * seconds * MILLISECONDS_PER_SECOND
        calls = (
            2 if not self.samples else int((allowed_ms - self._spent_ms) / max(sum(self.samples[-1]), _CLOCK_STEP_MS))
        )
        times = [self._call() for _ in range(min(calls, 1 + MOST_A_ROUND))] if calls > 1 else []
        self.samples += times[1:]
        self._spent_ms += sum(map(sum, times))

    def _call(self) -> tuple[float, ...]:
        """The time of each kernel, in ms."""
        self._clock.start()
        for kernel in self._workload:
            kernel()
            self._clock.stamp()
        return tuple(self._clock.finish())

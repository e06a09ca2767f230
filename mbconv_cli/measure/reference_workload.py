"""A short reference workload beside the rounds: how fast the machine was at that moment. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from mbconv_cli.measure.clock import Clock, HostClock
from mbconv_cli.units import MILLISECONDS_PER_SECOND

TIME_SHARE: Final = 0.04
"""Of the time of sampling: what the workload may take. With warming up, that is 2 to 3 % of a profile's time."""
WARM_UP_CALLS: Final = 3

Workload: TypeAlias = Sequence[Callable[[], object]]
"""Kernels that are called one after the other, each timed by itself."""


class ReferenceTimer:
    """Calls the workload after a round whenever its share of the time allows it.

    Args:
        workload: none is called if it is empty.
        clock: takes the stamps.
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
        """Take a sample if the time allows one; the first round always has one.

        Args:
            seconds: since sampling began.
        """
        if not self._workload:
            return
        next_ms = sum(self.samples[-1]) if self.samples else 0.0
        if not self.samples or self._spent_ms + next_ms <= TIME_SHARE * seconds * MILLISECONDS_PER_SECOND:
            self.samples.append(self._call())
            self._spent_ms += sum(self.samples[-1])

    def _call(self) -> tuple[float, ...]:
        """The time of each kernel, in ms."""
        self._clock.start()
        for kernel in self._workload:
            kernel()
            self._clock.stamp()
        return tuple(self._clock.finish())

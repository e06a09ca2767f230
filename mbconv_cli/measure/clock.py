"""What a pass is timed with: one stamp between neighbouring ops, so that the times add up to the pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mbconv_cli.units import NANOSECONDS_PER_MILLISECOND


@dataclass(frozen=True, slots=True)
class HostTimes:
    """One pass as the host sees it that gives a device its work, in ms.

    Attributes:
        enqueue: until all the work was handed over.
        wall: until the device had done it, the synchronization included.
    """

    enqueue: float
    wall: float


class Clock(Protocol):
    """What a pass is timed with."""

    def start(self) -> None:
        """Wait for all earlier work, then take the first stamp of a pass."""

    def stamp(self) -> None:
        """Take a stamp."""

    def finish(self) -> list[float]:
        """The times between neighbouring stamps since `start`, in ms, after all their work is done."""

    def host_times(self) -> HostTimes | None:
        """The pass that was finished last, as the host saw it; None where host and device are the same."""


class HostClock:
    """Stamps of the host's monotonic clock, for devices on which a call returns when its work is done.

    Args:
        now: a monotonic clock in ns.
    """

    def __init__(self, now: Callable[[], int] = time.perf_counter_ns) -> None:
        self._now = now
        self._stamps: list[int] = []

    def start(self) -> None:
        """Begin a pass."""
        self._stamps = [self._now()]

    def stamp(self) -> None:
        """Take a stamp."""
        self._stamps.append(self._now())

    def finish(self) -> list[float]:
        """Times between neighbouring stamps, in ms."""
        return [
            (after - before) / NANOSECONDS_PER_MILLISECOND
            for before, after in zip(self._stamps, self._stamps[1:], strict=False)
        ]

    def host_times(self) -> HostTimes | None:
        """None: the stamps are the host's already."""
        return None

"""Clocks that take one stamp between neighbouring ops: on the host, or as events on a device's stream.

A stamp ends one op and begins the next, so the times between stamps add up to the pass by construction.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any, Protocol

import torch

from mbconv_cli.runtime.latency import HostTimes
from mbconv_cli.units import NANOSECONDS_PER_MILLISECOND


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


class Event(Protocol):
    """As much of `torch.Event(enable_timing=True)` as a clock needs."""

    def record(self, stream: Any, /) -> None:
        """Put a stamp into a stream."""

    def elapsed_time(self, end: Any, /) -> float:
        """The ms from this stamp to the other."""


class StreamClock:
    """Events on an accelerator's stream: recording does not wait, and a pass is synchronized once, at its end.

    Args:
        stream: the device's stream that the ops run on. It is named in every record, because an event would else
            go into the stream of the current device, which is not the measured one on a machine with several.
        new_event: makes a timing event.
        synchronize: waits until the device has done all its work.
        now: the host's monotonic clock in ns.
    """

    def __init__(
        self,
        stream: Any,
        new_event: Callable[[], Event],
        synchronize: Callable[[], None],
        now: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._stream = stream
        self._new_event = new_event
        self._synchronize = synchronize
        self._now = now
        self._began = 0
        self._host_times: HostTimes | None = None
        self._events: list[Event] = []
        self._used = 0

    def start(self) -> None:
        """Wait for the device, then record the first event of a pass."""
        self._synchronize()
        self._used = 0
        self._began = self._now()
        self.stamp()

    def stamp(self) -> None:
        """Record the next event; events are made once and used again in every pass."""
        if self._used == len(self._events):
            self._events.append(self._new_event())
        self._events[self._used].record(self._stream)
        self._used += 1

    def finish(self) -> list[float]:
        """Wait for the device; times between neighbouring events, in ms."""
        enqueued = self._now()
        self._synchronize()
        done = self._now()
        self._host_times = HostTimes(self._ms_until(enqueued), self._ms_until(done))
        used = self._events[: self._used]
        return [before.elapsed_time(after) for before, after in itertools.pairwise(used)]

    def host_times(self) -> HostTimes | None:
        """The pass that was finished last, as the host saw it."""
        return self._host_times

    def _ms_until(self, moment: int) -> float:
        return (moment - self._began) / NANOSECONDS_PER_MILLISECOND


def clock_for(device: torch.device) -> Clock:
    """The clock that sees when a device has done its work."""
    if device.type == "cpu":
        return HostClock()
    return StreamClock(
        stream=torch.accelerator.current_stream(device),
        new_event=lambda: torch.Event(device=device, enable_timing=True),
        synchronize=lambda: torch.accelerator.synchronize(device),
    )

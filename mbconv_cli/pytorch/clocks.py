"""The clock of an accelerator: events on a device's stream, and which clock a device needs.

A stamp ends one op and begins the next, so the times between stamps add up to the pass by construction.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any, Protocol

import torch

from mbconv_cli.measure.clock import Clock, HostClock, HostTimes
from mbconv_cli.units import NANOSECONDS_PER_MILLISECOND


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

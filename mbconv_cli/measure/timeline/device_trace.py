"""A Chrome trace of torch.profiler: the device's work, the calls that launched it, and the ops around them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

DEVICE_WORK: Final = frozenset({"kernel", "gpu_memset", "gpu_memcpy"})
LAUNCHES: Final = frozenset({"cuda_runtime", "cuda_driver"})
ANNOTATION: Final = "user_annotation"
_OP: Final = re.compile(r"OP(\d+)")


@dataclass(frozen=True, slots=True)
class DeviceKernel:
    """A kernel, memset or copy on the device.

    Attributes:
        name: as the driver reports it.
        start_us: when it began, in us of the trace's clock.
        duration_us: how long it took, in us.
        correlation: the number that it shares with the call that launched it.
        grid: its blocks along x, y and z; empty for memsets and copies.
    """

    name: str
    start_us: float
    duration_us: float
    correlation: int
    grid: tuple[int, ...] = ()

    @property
    def end_us(self) -> float:
        """When it ended, in us of the trace's clock."""
        return self.start_us + self.duration_us


@dataclass(frozen=True, slots=True)
class OpInterval:
    """The host's time inside `record_function("OP0007")`: op 7 of the Plan."""

    op: int
    start_us: float
    end_us: float


@dataclass(frozen=True, slots=True)
class DeviceTrace:
    """What a trace says about the device.

    Attributes:
        kernels: in the order in which they began.
        launched_us: when the host launched the work of a correlation number.
        intervals: of the ops, in the order in which they began; those of all passes.
    """

    kernels: tuple[DeviceKernel, ...]
    launched_us: Mapping[int, float]
    intervals: tuple[OpInterval, ...]

    def interval_around(self, kernel: DeviceKernel) -> int | None:
        """The index of the interval in which a kernel was launched; None outside of all."""
        moment = self.launched_us.get(kernel.correlation)
        if moment is None:
            return None
        index = bisect_right(self.intervals, moment, key=lambda interval: interval.start_us) - 1
        return index if index >= 0 and moment <= self.intervals[index].end_us else None


def read_device_trace(events: Iterable[Mapping[str, Any]]) -> DeviceTrace:
    """The device's part of the `traceEvents` of a Chrome trace; everything else in it is ignored."""
    kernels, launched, intervals = list[DeviceKernel](), dict[int, float](), list[OpInterval]()
    for event in events:
        category = event.get("cat")
        if category in DEVICE_WORK:
            kernels.append(_kernel(event))
        elif category in LAUNCHES and "correlation" in event.get("args", {}):
            launched[event["args"]["correlation"]] = event["ts"]
        elif category == ANNOTATION and (match := _OP.fullmatch(event["name"])):
            intervals.append(OpInterval(int(match[1]), event["ts"], event["ts"] + event["dur"]))
    kernels.sort(key=lambda kernel: kernel.start_us)
    intervals.sort(key=lambda interval: interval.start_us)
    return DeviceTrace(tuple(kernels), launched, tuple(intervals))


def _kernel(event: Mapping[str, Any]) -> DeviceKernel:
    arguments = event["args"]
    grid = tuple(arguments.get("grid", ()))
    return DeviceKernel(event["name"], event["ts"], event["dur"], arguments["correlation"], grid)

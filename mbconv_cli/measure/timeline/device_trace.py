"""A Chrome trace of torch.profiler: the device's work, the calls that launched it, and the ops around them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

DEVICE_WORK: Final = frozenset({"kernel", "gpu_memset", "gpu_memcpy"})
LAUNCHES: Final = frozenset({"cuda_runtime", "cuda_driver", "xpu_runtime", "xpu_driver"})
"""The categories of calls that launch work, as Kineto names them for NVIDIA's and Intel's GPUs."""
ANNOTATION: Final = "user_annotation"
HOST_OP: Final = "cpu_op"
AUTOGRAD_NODE: Final = "autograd::engine::evaluate_function: "
NODE_NUMBER: Final = "Sequence number"
"""Autograd gives each of its nodes a number, and the op that made the node has the same one in a trace."""
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
class NodeInterval:
    """The host's time in a node of autograd on its way back; `number` is None for nodes that no op made."""

    number: int | None
    start_us: float
    end_us: float


@dataclass(frozen=True, slots=True)
class DeviceTrace:
    """What a trace says about the device.

    Attributes:
        kernels: in the order in which they began.
        launched_us: when the host launched the work of a correlation number.
        intervals: of the ops, in the order in which they began; those of all passes.
        nodes: of autograd, in the order in which they began.
        made_us: when the op of an interval was called that made the node of a number.
    """

    kernels: tuple[DeviceKernel, ...]
    launched_us: Mapping[int, float]
    intervals: tuple[OpInterval, ...]
    nodes: tuple[NodeInterval, ...] = ()
    made_us: Mapping[int, float] = field(default_factory=dict)

    def interval_around(self, kernel: DeviceKernel) -> int | None:
        """The index of the interval in which a kernel was launched; None outside of all."""
        moment = self.launched_us.get(kernel.correlation)
        return None if moment is None else _around(self.intervals, moment)

    def forward_interval_of(self, kernel: DeviceKernel) -> int | None:
        """The index of the interval whose way back launched a kernel; None where no node of autograd did."""
        moment = self.launched_us.get(kernel.correlation)
        node = None if moment is None else _around(self.nodes, moment)
        number = None if node is None else self.nodes[node].number
        made = None if number is None else self.made_us.get(number)
        return None if made is None else _around(self.intervals, made)


NOTHING_SEEN: Final = DeviceTrace((), {}, ())
"""A trace where no profiler sees the device."""


def _around(intervals: Sequence[OpInterval] | Sequence[NodeInterval], moment: float) -> int | None:
    """The index of the interval that holds a moment, of intervals that do not overlap; None outside of all."""
    index = bisect_right(intervals, moment, key=lambda interval: interval.start_us) - 1
    return index if index >= 0 and moment <= intervals[index].end_us else None


def read_device_trace(events: Iterable[Mapping[str, Any]]) -> DeviceTrace:
    """The device's part of the `traceEvents` of a Chrome trace; everything else in it is ignored."""
    kernels, launched, intervals = list[DeviceKernel](), dict[int, float](), list[OpInterval]()
    nodes, calls = list[NodeInterval](), list[tuple[float, int]]()
    for event in events:
        category = event.get("cat")
        if category in DEVICE_WORK:
            kernels.append(_kernel(event))
        elif category in LAUNCHES and "correlation" in event.get("args", {}):
            launched[event["args"]["correlation"]] = event["ts"]
        elif category == ANNOTATION and (match := _OP.fullmatch(event["name"])):
            intervals.append(OpInterval(int(match[1]), event["ts"], event["ts"] + event["dur"]))
        elif category == HOST_OP:
            number = event.get("args", {}).get(NODE_NUMBER)
            if event["name"].startswith(AUTOGRAD_NODE):
                nodes.append(NodeInterval(number, event["ts"], event["ts"] + event["dur"]))
            elif number is not None:
                calls.append((event["ts"], number))
    kernels.sort(key=lambda kernel: kernel.start_us)
    intervals.sort(key=lambda interval: interval.start_us)
    nodes.sort(key=lambda node: node.start_us)
    there = [call for call in calls if _around(intervals, call[0]) is not None]  # nodes give their calls their number
    made = {number: moment for moment, number in sorted(there)}  # calls that make no node have the next one's number
    return DeviceTrace(tuple(kernels), launched, tuple(intervals), tuple(nodes), made)


def _kernel(event: Mapping[str, Any]) -> DeviceKernel:
    arguments = event["args"]
    grid = tuple(arguments.get("grid", ()))
    return DeviceKernel(event["name"], event["ts"], event["dur"], arguments["correlation"], grid)

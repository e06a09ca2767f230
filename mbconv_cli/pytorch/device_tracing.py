"""The device's timeline of some passes, by torch.profiler: of passes by op, and of a graph's replays."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import torch
from torch.profiler import ProfilerActivity, profile, record_function, supported_activities

from mbconv_cli.measure.latency import Pass
from mbconv_cli.measure.timeline.device_trace import DeviceTrace, read_device_trace

_ACTIVITIES: Final = {"cuda": ProfilerActivity.CUDA, "xpu": ProfilerActivity.XPU}
"""By the type of device."""
_SILENT: Final = "99"


def traceable(device: torch.device) -> bool:
    """Whether torch's profiler sees the kernels of this device."""
    return _ACTIVITIES.get(device.type) in supported_activities()  # type: ignore[no-untyped-call]  # torch's own


def trace_by_op(run: Pass, ops: int, device: torch.device, passes: int) -> DeviceTrace:
    """So many passes with each op annotated, waited for after each; the first one is not traced.

    Args:
        run: one pass; calls what it is given after every op.
        ops: how often it does so.
        device: that they run on.
        passes: how many.
    """

    def annotated() -> None:
        with OpAnnotations(ops) as annotations:
            run(annotations.stamp)

    return _trace(annotated, device, passes, [ProfilerActivity.CPU, _ACTIVITIES[device.type]])


def trace_replays(replay: Callable[[], object], device: torch.device, count: int) -> DeviceTrace:
    """So many replays of a graph, waited for after each."""
    return _trace(replay, device, count, [_ACTIVITIES[device.type]])


class OpAnnotations:
    """Names the ops of a pass in a trace: `OP0000`, `OP0001`, ... in the order of the Plan.

    Args:
        ops: how many there are.
    """

    def __init__(self, ops: int) -> None:
        self._ops = ops
        self._next = 0
        self._open: record_function | None = None

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def stamp(self) -> None:
        """An op has ended; what follows is the next one, if there is one."""
        self._end()
        self._begin()

    def _begin(self) -> None:
        if self._next < self._ops:
            self._open = record_function(f"OP{self._next:04}")
            self._open.__enter__()  # type: ignore[no-untyped-call]  # torch's own
            self._next += 1

    def _end(self) -> None:
        if self._open is not None:
            self._open.__exit__(None, None, None)
            self._open = None


def _trace(run: Callable[[], object], device: torch.device, count: int, activities: list[Any]) -> DeviceTrace:
    os.environ.setdefault("KINETO_LOG_LEVEL", _SILENT)  # else it writes its stages to standard error
    with profile(activities=activities) as profiled:
        for _ in range(count):
            run()
            torch.accelerator.synchronize(device)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiled.export_chrome_trace(str(path))
        return read_device_trace(json.loads(path.read_text(encoding="utf-8", errors="replace"))["traceEvents"])

"""The device's time of each op and between kernels: together they are the untraced time, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from mbconv_cli.measure.timeline.device_trace import DeviceKernel
from mbconv_cli.units import MICROSECONDS_PER_MILLISECOND


@dataclass(frozen=True, slots=True)
class LayerTimes:
    """Where the time of a pass goes, in ms.

    Attributes:
        ops: of the kernels of each op of the Plan, in order; 0 for an op that launches none.
        unassigned: of kernels that belong to no op, or whose op cannot be decided.
        between_kernels: what the untraced pass takes beyond its kernels. Negative only where tracing lengthened the
            kernels by more than the gaps between them.
        traced_span: from the first kernel's start to the last one's end, while traced.
        untraced: of the pass as a whole, not traced.
    """

    ops: tuple[float, ...]
    unassigned: float
    between_kernels: float
    traced_span: float
    untraced: float


def layer_times(
    replays: Sequence[Sequence[DeviceKernel]], ops: Sequence[int | None], n_ops: int, untraced_ms: float
) -> LayerTimes:
    """Times of the ops as means over traced replays, which add up, beside the untraced time of the whole.

    Args:
        replays: the kernels of each, the same ones in the same order.
        ops: the op of each kernel.
        n_ops: how many ops the Plan has.
        untraced_ms: what a replay takes when it is not traced.

    Raises:
        ValueError: the replays differ in their number of kernels.
    """
    times, unassigned = [0.0] * n_ops, 0.0
    for op, duration in zip(ops, mean_durations(replays), strict=True):
        if op is None:
            unassigned += duration
        else:
            times[op] += duration
    between = untraced_ms - sum(times) - unassigned
    span = fmean(replay[-1].end_us - replay[0].start_us for replay in replays) / MICROSECONDS_PER_MILLISECOND
    return LayerTimes(tuple(times), unassigned, between, span, untraced_ms)


def mean_durations(replays: Sequence[Sequence[DeviceKernel]]) -> list[float]:
    """The mean time of each kernel over the replays, in ms.

    Raises:
        ValueError: the replays differ in their number of kernels.
    """
    columns = zip(*replays, strict=True)
    return [fmean(kernel.duration_us for kernel in column) / MICROSECONDS_PER_MILLISECOND for column in columns]

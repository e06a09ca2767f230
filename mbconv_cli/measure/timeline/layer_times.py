"""The device's time of each part of a pass: of every op there, of every op on the way back, and of no op."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from mbconv_cli.measure.timeline.device_trace import DeviceKernel
from mbconv_cli.measure.timeline.kernel_assignment import AssignedKernel
from mbconv_cli.units import MICROSECONDS_PER_MILLISECOND


def parts_of_kernels(kernels: Sequence[AssignedKernel], ops: int) -> list[AssignedKernel]:
    """Kernels with their part in place of their op: the way back of the k-th of n ops is part 2 n - 1 - k."""
    return [
        AssignedKernel(kernel.name, 2 * ops - 1 - kernel.op) if kernel.backward and kernel.op is not None else kernel
        for kernel in kernels
    ]


def part_times(kernels: Sequence[DeviceKernel], parts: Sequence[int | None], count: int) -> list[float]:
    """The time of each part of one pass in ms, as the sum of its kernels; behind them that of kernels of no part.

    Args:
        kernels: of the pass.
        parts: the part of each kernel.
        count: how many parts there are.
    """
    times = [0.0] * (count + 1)
    for kernel, part in zip(kernels, parts, strict=True):
        times[count if part is None else part] += kernel.duration_us / MICROSECONDS_PER_MILLISECOND
    return times


def alike(replays: Sequence[Sequence[DeviceKernel]]) -> list[Sequence[DeviceKernel]]:
    """The replays that have the kernels which most of them have: a full buffer of the profiler loses some."""
    names = [tuple(kernel.name for kernel in replay) for replay in replays]
    usual = Counter(names).most_common(1)[0][0] if names else ()
    return [replay for replay, of_replay in zip(replays, names, strict=True) if of_replay == usual]


def mean_durations(replays: Sequence[Sequence[DeviceKernel]]) -> list[float]:
    """The mean time of each kernel over the replays, in ms.

    Raises:
        ValueError: the replays differ in their number of kernels.
    """
    columns = zip(*replays, strict=True)
    return [fmean(kernel.duration_us for kernel in column) / MICROSECONDS_PER_MILLISECOND for column in columns]


def mean_span(replays: Sequence[Sequence[DeviceKernel]]) -> float:
    """The mean time from the first kernel's start to the last one's end, in ms."""
    return fmean(replay[-1].end_us - replay[0].start_us for replay in replays) / MICROSECONDS_PER_MILLISECOND

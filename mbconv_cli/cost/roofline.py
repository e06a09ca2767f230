"""The least time that a machine's limits allow an op.

This is the roofline of Williams, Waterman and Patterson (Communications of the ACM 52(4), 2009): an op takes at least
as long as its FLOPs at the machine's peak, and as its bytes at the machine's bandwidth. One bandwidth would not do
here: what a cache holds moves many times faster than what comes from memory, and most layers fit a cache.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple, TypeAlias

from mbconv_cli.cost.counts import Cost
from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    AvgPool,
    BlurPool,
    ChannelScale,
    Conv2d,
    MaxPool,
    Multiply,
    PReLU,
    convolution_of,
)
from mbconv_cli.plan.ops import Op
from mbconv_cli.units import GIGA, MILLISECONDS_PER_SECOND

Bound: TypeAlias = Literal["compute", "memory", "kernel floor"]


class Bandwidth(NamedTuple):
    """The best rate, in GB/s, at which anything moved the bytes of a working set of so many bytes over and over."""

    working_set: int
    gigabytes_per_second: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a machine can do at best, in one dtype and with so many threads.

    Attributes:
        gigaflops_per_second: the peak of dense arithmetic, in GFLOP/s.
        bandwidths: by rising working set, at least one.
        error: how far a limit may be off, as a share of it.
        kernel_ms: on an accelerator, the least time of a kernel, whatever it computes; 0 where nothing is launched.
    """

    gigaflops_per_second: float
    bandwidths: tuple[Bandwidth, ...]
    error: float
    kernel_ms: float = 0.0

    def compute_ms(self, flops: int) -> float:
        """The least time of so many FLOPs, in ms."""
        return flops / (self.gigaflops_per_second * GIGA) * MILLISECONDS_PER_SECOND

    def memory_ms(self, traffic: int, working_set: int) -> float:
        """The least time, in ms, of `traffic` bytes to and from a working set of so many bytes.

        A working set fills the caches from the inside: what of it lies below the second smallest set measured moves
        at the rate of the smallest one, what lies between the second and the third at the rate of the second, and
        so on. So no layer is held to the rate of main memory for what the layer before may have left in a cache.
        """
        envelope = upper_envelope(self.bandwidths)
        ends = (*(bandwidth.working_set for bandwidth in envelope[1:]), working_set)
        start, seconds = 0, 0.0
        for bandwidth, end in zip(envelope, ends, strict=True):
            part = max(min(end, working_set) - start, 0)
            seconds += part / (bandwidth.gigabytes_per_second * GIGA)
            start += part
        return traffic / working_set * seconds * MILLISECONDS_PER_SECOND if working_set else 0.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """The bytes that an op must at least read and write, and how many different ones they are."""

    bytes: int
    working_set: int


@dataclass(frozen=True, slots=True)
class LeastTime:
    """The least time of an op, in ms, by each limit; arithmetic, traffic and the start of a kernel may overlap."""

    compute_ms: float
    memory_ms: float
    kernel_ms: float = 0.0

    @property
    def ms(self) -> float:
        """What all limits allow."""
        return max(self.compute_ms, self.memory_ms, self.kernel_ms)

    @property
    def bound(self) -> Bound:
        """The limit that is met first."""
        if self.kernel_ms > max(self.compute_ms, self.memory_ms):
            return "kernel floor"
        return "compute" if self.compute_ms > self.memory_ms else "memory"


def upper_envelope(bandwidths: Sequence[Bandwidth]) -> list[Bandwidth]:
    """Rates that never rise with the working set: a set moves at least as fast as any larger one.

    A small set that measured slower did so because a call itself takes time.
    """
    rates = accumulate((bandwidth.gigabytes_per_second for bandwidth in reversed(bandwidths)), max)
    return [
        Bandwidth(bandwidth.working_set, rate)
        for bandwidth, rate in zip(bandwidths, reversed(list(rates)), strict=True)
    ]


def least_traffic(op: Op, cost: Cost, batch_size: int, element_size: int) -> Traffic:
    """What an op must move for a batch: the bytes of the counting convention, without what it can leave alone.

    A stride larger than the kernel skips pixels. What can work in place writes where it has read.
    """
    unread = batch_size * _unread_elements(op) * element_size
    moved = cost.bytes(batch_size, element_size) - unread
    written = batch_size * math.prod(op.output.shape) * element_size
    in_place = isinstance(op.kind, Activation | PReLU | Add | Multiply | ChannelScale)
    return Traffic(moved, moved - written if in_place else moved)


def least_time(
    op: Op, cost: Cost, limits: Limits, *, batch_size: int, element_size: int, kernels: int = 1
) -> LeastTime:
    """The least time of an op for a batch, in elements of so many bytes, in so many kernels."""
    traffic = least_traffic(op, cost, batch_size, element_size)
    return LeastTime(
        limits.compute_ms(batch_size * cost.flops),
        limits.memory_ms(traffic.bytes, traffic.working_set),
        kernels * limits.kernel_ms,
    )


def _unread_elements(op: Op) -> int:
    """Elements of one image's input that no window covers."""
    window = convolution_of(op.kind) or op.kind
    if not isinstance(window, Conv2d | MaxPool | AvgPool | BlurPool):
        return 0
    *leading, height, width = op.inputs[0].shape
    extents = (height, width)
    pairs = zip(extents, op.output.shape[-2:], window.kernel_size, strict=True)
    read = math.prod(min(extent, windows * kernel) for extent, windows, kernel in pairs)
    return math.prod(leading) * (math.prod(extents) - read)

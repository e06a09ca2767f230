"""What a device can do at best, measured: dense arithmetic, and moving the bytes of working sets of several sizes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Final, TypeAlias

import torch
from torch.nn import functional

from mbconv_cli.cost.roofline import Bandwidth, Limits
from mbconv_cli.measure.clock import Clock
from mbconv_cli.measure.latency import Progress, collector_off
from mbconv_cli.pytorch.clocks import clock_for
from mbconv_cli.pytorch.device_memory import translate_memory_errors
from mbconv_cli.pytorch.device_tracing import trace_replays, traceable
from mbconv_cli.pytorch.graph_capture import NotCapturableError, capture_graph
from mbconv_cli.units import GIGA, MICROSECONDS_PER_MILLISECOND, MILLISECONDS_PER_SECOND

WORKING_SETS: Final = tuple(2**power for power in range(16, 29))  # 64 KiB to 256 MiB
PRODUCT_SIZES: Final = (256, 512, 1024, 2048, 4096, 8192)
ALWAYS_TRIED: Final = 1024
LONG_CALL_MS: Final = 40.0
SAMPLE_MS: Final = 1.0
TURN_MS: Final = 4.0
MIN_ROUNDS: Final = 3
MAX_ROUNDS: Final = 9
MAX_SECONDS: Final = 2.0
MATRIX_WIDTH: Final = 1024
FLOOR_CALLS: Final = 50

Repeat: TypeAlias = Callable[[Callable[[], object], int], Callable[[], object]]
"""Makes one run of so many calls."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that a limit is measured by.

    Attributes:
        call: does it once.
        amount: FLOPs of one call, or bytes that it reads and writes.
        working_set: the bytes that it moves within; 0 for arithmetic.
    """

    call: Callable[[], object]
    amount: int
    working_set: int = 0


def calibrate(device: torch.device, dtype: torch.dtype, progress: Progress = lambda _: None) -> Limits:
    """The limits of a device in a dtype, with torch's present number of threads.

    Raises:
        InputError: the device's memory does not hold the largest working set.
    """
    clock = clock_for(device)
    repeated = partial(graph_of_calls, device) if device.type == "cuda" else loop_of_calls
    with torch.inference_mode(), collector_off(), translate_memory_errors(device):
        workloads = [*arithmetic(device, dtype, clock), *transfers(device, dtype)]
        found = limits(workloads, sample(workloads, clock, progress=progress, repeated=repeated))
        return replace(found, kernel_ms=least_kernel_ms(device) if traceable(device) else 0.0)


def loop_of_calls(call: Callable[[], object], count: int) -> Callable[[], object]:
    """What calls so many times, from Python."""

    def run() -> None:
        for _ in range(count):
            call()

    return run


def graph_of_calls(device: torch.device, call: Callable[[], object], count: int) -> Callable[[], object]:
    """What replays so many calls as one graph, so that a small one is not timed as its launch."""
    try:
        return capture_graph(call, device, count)
    except NotCapturableError:
        return loop_of_calls(call, count)


def least_kernel_ms(device: torch.device) -> float:
    """The least time of a kernel in ms, whatever it computes: the shortest of some on one element, while traced.

    A layer's time is that of its kernels in a trace, so that the floor is seen in the same way.
    """
    one, other = torch.ones(1, device=device), torch.ones(1, device=device)
    calls: tuple[Callable[[], object], ...] = (one.relu_, partial(one.copy_, other), partial(torch.add, one, other))
    durations: list[float] = []
    for call in calls:
        trace = trace_replays(graph_of_calls(device, call, FLOOR_CALLS), device, MIN_ROUNDS)
        durations += [kernel.duration_us for kernel in trace.kernels]
    return min(durations, default=0.0) / MICROSECONDS_PER_MILLISECOND


def arithmetic(device: torch.device, dtype: torch.dtype, clock: Clock) -> Iterator[Workload]:
    """Matrix products as large as can be waited for, and each once more as a convolution.

    Convolutions may be allowed another arithmetic than products: TensorFloat-32 on NVIDIA's GPUs, for one.
    """
    for size in PRODUCT_SIZES:
        a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
        product = Workload(partial(torch.mm, a, b), 2 * size**3)
        yield product
        images, kernels = b.view(1, size, 32, -1), a.view(size, size, 1, 1)
        yield Workload(partial(functional.conv2d, images, kernels), 2 * size**3)
        if (
            size >= ALWAYS_TRIED and 8 * _time_of_call(product, clock) > LONG_CALL_MS
        ):  # twice the size, 8 times the work
            return


def transfers(device: torch.device, dtype: torch.dtype) -> Iterator[Workload]:
    """Copying, reading, reading against a vector, and working in place, in every working set."""
    memory = torch.ones(WORKING_SETS[-1] // dtype.itemsize, device=device, dtype=dtype)
    vector = torch.ones(MATRIX_WIDTH, device=device, dtype=dtype)
    for size in WORKING_SETS:
        part = memory[: size // dtype.itemsize]
        source, target = part.chunk(2)
        matrix = part.view(-1, MATRIX_WIDTH)
        yield Workload(partial(target.copy_, source), size, size)
        yield Workload(part.sum, size, size)
        yield Workload(partial(torch.mv, matrix, vector), size, size)
        yield Workload(part.relu_, 2 * size, size)


def sample(
    workloads: Sequence[Workload],
    clock: Clock,
    *,
    now: Callable[[], float] = time.monotonic,
    progress: Progress = lambda _: None,
    repeated: Repeat = loop_of_calls,
) -> list[list[float]]:
    """The rate of each workload in each round, in G/s (of FLOP or byte), `[rounds][workloads]`.

    All take turns in every round, so that what disturbs the machine for a while spoils no limit in all rounds. A
    turn is several short samples, the best of which counts: a short one may fall between two disturbances.

    Args:
        workloads: what to run.
        clock: takes the stamps.
        now: a monotonic clock in seconds, for the bound on the time.
        progress: called with the share of the time that is used up.
        repeated: makes one run of many calls.
    """
    began = now()
    calls = [_calls_of_a_sample(workload, clock) for workload in workloads]
    runs = [repeated(workload.call, count) for workload, count in zip(workloads, calls, strict=True)]
    rounds: list[list[float]] = []
    while len(rounds) < MIN_ROUNDS or (len(rounds) < MAX_ROUNDS and now() - began < MAX_SECONDS):
        rounds.append(
            [
                _best_rate(workload, count, run, clock)
                for workload, count, run in zip(workloads, calls, runs, strict=True)
            ]
        )
        progress(min(1.0, max(len(rounds) / MAX_ROUNDS, (now() - began) / MAX_SECONDS)))
    return rounds


def limits(workloads: Sequence[Workload], rounds: Sequence[Sequence[float]]) -> Limits:
    """The best rate of every kind and working set over all rounds.

    A limit's error is what the best round is above the median one. That of all bandwidths is the median of theirs.
    """
    best = {
        working_set: [
            max(rate for workload, rate in zip(workloads, rates, strict=True) if workload.working_set == working_set)
            for rates in rounds
        ]
        for working_set in sorted({workload.working_set for workload in workloads})
    }
    compute, *spreads = (max(rates) / median(rates) - 1 for rates in best.values())
    peak, *bandwidths = (Bandwidth(working_set, max(rates)) for working_set, rates in best.items())
    return Limits(peak.gigabytes_per_second, tuple(bandwidths), max(compute, median(spreads)))


def _calls_of_a_sample(workload: Workload, clock: Clock) -> int:
    once = _time_of_call(workload, clock)
    return max(1, math.ceil(SAMPLE_MS / once)) if once else 1


def _time_of_call(workload: Workload, clock: Clock) -> float:
    """The time of a call, in ms; not of the first one, which may load a library or touch memory for the first time."""
    _time(workload.call, clock)
    return min(_time(workload.call, clock), _time(workload.call, clock))


def _best_rate(workload: Workload, calls: int, run: Callable[[], object], clock: Clock) -> float:
    """The rate of the best sample of a turn, in G/s; a sample is one run of so many calls."""
    spent, best = 0.0, math.inf
    while spent < TURN_MS:
        time_of_sample = _time(run, clock)
        spent += time_of_sample
        best = min(best, time_of_sample)
    return workload.amount * calls / best * MILLISECONDS_PER_SECOND / GIGA


def _time(run: Callable[[], object], clock: Clock) -> float:
    """The time of a run, in ms."""
    clock.start()
    run()
    clock.stamp()
    return sum(clock.finish())

"""The instrument of an accelerator: what the device needs when nobody makes it wait, and where that time goes.

An event on a device's stream takes as long as a small kernel, so layers cannot be timed by events. End to end is the
time of replays of one graph, without any stamps between; the layers are the times of their kernels in traced replays.
What end to end takes beyond them is between the kernels.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from mbconv_cli.machine.gpu_state import Gauge, GpuState, GpuUse
from mbconv_cli.machine.load import load_between, moment
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import Clock, HostClock
from mbconv_cli.measure.device_times import DeviceTimes, TimedKernel, TimeSource
from mbconv_cli.measure.latency import Burst, Measurement, Pass, Progress, collector_off, plain_pass, warm_up
from mbconv_cli.measure.statistics.estimates import FEWEST_SAMPLES
from mbconv_cli.measure.stopping import Stopping
from mbconv_cli.measure.timeline.device_trace import DeviceKernel, DeviceTrace
from mbconv_cli.measure.timeline.kernel_assignment import eager_passes, graph_replays, ops_of_replay
from mbconv_cli.measure.timeline.layer_times import alike, mean_durations, mean_span, part_times, parts_of_kernels

BURST_MS: Final = 2.0
"""A sample is so many replays, one behind the other, as take at least so long: two events are then no part of it."""
LONGEST_BURST: Final = 200
LAUNCHES_TO_WARM_UP: Final = 3
LEAST_LAUNCHES: Final = 5
MOST_LAUNCHES: Final = 30
LAUNCHES_SHARE: Final = 0.15
"""Of the time for sampling, for passes that Python launches."""
TRACED_LAUNCHES: Final = 2
TRACED_REPLAYS: Final = 20
TRACED_ALONE: Final = 8
"""Passes that are traced where nothing else is known of the device's time."""


@dataclass(frozen=True, slots=True)
class Replays:
    """A pass that was captured as one graph.

    Attributes:
        start: starts one replay, and returns at once.
        passes: in a replay; more than one where a pass is shorter than starting a replay.
        trace: so many replays of a single pass, under the profiler.
    """

    start: Callable[[], object]
    passes: int
    trace: Callable[[int], DeviceTrace]


class NoTimelineError(Exception):
    """Neither can the pass be captured, nor does a profiler see its kernels: nothing is known of the device's time."""


@dataclass(frozen=True, slots=True)
class DevicePass:
    """A pass in all the ways that the instrument needs it.

    Attributes:
        launch: one pass, launched from Python as users do.
        by_op: the same pass, which calls what it is given after every op; on the way there alone where it trains.
        replays: of the pass captured as a graph; None where it cannot be.
        trace_launches: so many passes by op under the profiler, each op annotated.
        ops: how many are annotated.
        both_ways: whether a pass goes back, too.
        obstacle: why there are no replays.
        gauge: reads the device's clocks and power, where that can be done.
    """

    launch: Callable[[], object]
    by_op: Pass
    replays: Replays | None
    trace_launches: Callable[[int], DeviceTrace]
    ops: int
    both_ways: bool = False
    obstacle: str = ""
    gauge: Gauge = lambda: None

    @property
    def parts(self) -> int:
        """Of a pass: its ops, on both ways where there are two."""
        return 2 * self.ops if self.both_ways else self.ops


def burst_of(replays: Replays, clock: Clock) -> Burst:
    """As many replays as last long enough for two events to be no part of their time."""
    once = _burst(replays, 1)
    once.time(clock)
    shortest = min(plain_pass(once.run, clock) for _ in range(3))
    return _burst(replays, min(LONGEST_BURST, max(1, math.ceil(BURST_MS / shortest))) if shortest > 0 else 1)


def _burst(replays: Replays, count: int) -> Burst:
    def run(_: object) -> None:
        for _number in range(count):
            replays.start()

    return Burst(run, count * replays.passes)


def measure_on_device(
    run: DevicePass,
    clock: Clock,
    budget: Budget,
    *,
    now: Callable[[], float] = time.monotonic,
    progress: Progress = lambda _: None,
    host: Clock | None = None,
) -> Measurement:
    """Sample replays that are not traced, then passes launched from Python, then trace both.

    Warming up takes no time of the sampling: a device loads modules, chooses algorithms and raises its clocks first.
    An interruption (Ctrl-C) ends the sampling early if there are `FEWEST_SAMPLES` samples.

    Args:
        run: the pass.
        clock: of the device.
        budget: how long to sample.
        now: a monotonic clock in seconds, for the budget.
        progress: called with the share of the time that has passed.
        host: the host's clock.

    Raises:
        NoTimelineError: nothing can be known of the device's time.
        KeyboardInterrupt: it was interrupted before there was anything to report.
    """
    result, began = Measurement(precision_asked=budget.precision), now()
    with collector_off():
        for _ in range(LAUNCHES_TO_WARM_UP):
            _launched(run, clock)
        first = moment()
        uses = _sample(run, run.replays, clock, budget, now, progress, result) if run.replays else ()
        before = run.gauge()
        launched = _launches(run, clock, LAUNCHES_SHARE * budget.max_seconds, now)
        uses = uses or _uses(before, run.gauge(), passes=0)  # energy of an idling device is no pass's
        launch_ms = _launch_times(run, clock, host or HostClock())
        result.load = load_between(first, moment())
        result.device = _traced(run, result, launched, launch_ms, uses)
    progress(1.0)
    result.seconds = now() - began
    return result


def _launched(run: DevicePass, clock: Clock) -> float:
    return plain_pass(lambda _: run.launch(), clock)


def _sample(
    run: DevicePass,
    replays: Replays,
    clock: Clock,
    budget: Budget,
    now: Callable[[], float],
    progress: Progress,
    result: Measurement,
) -> tuple[GpuUse, ...]:
    """Bursts of replays into the result, until there are enough; what the device's gauge read around them."""
    burst = burst_of(replays, clock)
    result.warm_up, result.steady = warm_up(lambda: burst.time(clock), budget, now)
    before, started = run.gauge(), now()
    stopping = Stopping(budget, budget.max_seconds)
    try:
        while not stopping.enough:
            result.end_to_end.append(burst.time(clock))
            stopping.add(result.end_to_end, now() - started)
            progress(stopping.share_done())
    except KeyboardInterrupt:
        if len(result.end_to_end) < FEWEST_SAMPLES:
            raise
        result.interrupted = True
    return _uses(before, run.gauge(), len(result.end_to_end) * burst.passes)


def _uses(before: GpuState | None, after: GpuState | None, passes: int) -> tuple[GpuUse, ...]:
    return (GpuUse(before, after, passes),) if before and after else ()


def _launches(run: DevicePass, clock: Clock, seconds: float, now: Callable[[], float]) -> tuple[float, ...]:
    """Passes launched from Python, in ms, as many as the time allows."""
    times, began = list[float](), now()
    while len(times) < LEAST_LAUNCHES or (len(times) < MOST_LAUNCHES and now() - began < seconds):
        times.append(_launched(run, clock))
    return tuple(times)


def _launch_times(run: DevicePass, clock: Clock, host: Clock) -> tuple[float, ...]:
    """The host's median time for launching each op, in ms; the device works meanwhile, and is waited for after each."""
    passes = []
    for _ in range(LEAST_LAUNCHES):
        clock.start()
        host.start()
        run.by_op(host.stamp)
        passes.append(host.finish())
        clock.finish()
    return tuple(median(times) for times in zip(*passes, strict=True))


def _traced(
    run: DevicePass,
    result: Measurement,
    launched: tuple[float, ...],
    launch_ms: tuple[float, ...],
    uses: tuple[GpuUse, ...],
) -> DeviceTimes:
    """The layers into the result, from traced replays or else from traced passes, and all else that traces say."""
    trace = run.trace_launches(TRACED_LAUNCHES if run.replays else TRACED_ALONE)
    passes = [parts_of_kernels(kernels, run.ops) for kernels in eager_passes(trace)]
    replays = alike(graph_replays(run.replays.trace(TRACED_REPLAYS))) if run.replays and trace.kernels else []
    if not trace.kernels or (run.replays and not replays):
        return _untraced(run, launched, launch_ms, uses)
    if run.replays:
        parts = ops_of_replay(passes[-1], [kernel.name for kernel in replays[0]])
        result.layers = [part_times(replay, parts, run.parts) for replay in replays]
        kernels = _kernels(replays, parts)
        return DeviceTimes(TimeSource.GRAPH, kernels, mean_span(replays), launched, launch_ms, uses=uses)
    kernels_of_trace = iter(trace.kernels)
    ran = [[next(kernels_of_trace) for _ in kernels] for kernels in passes]
    of_passes = [[kernel.op for kernel in kernels] for kernels in passes]
    result.layers = [part_times(*both, run.parts) for both in zip(ran, of_passes, strict=True)]
    result.end_to_end, result.steady = [math.fsum(times) for times in result.layers], True
    kernels = _kernels([ran[-1]], of_passes[-1])
    return DeviceTimes(TimeSource.KERNELS, kernels, mean_span([ran[-1]]), launched, launch_ms, run.obstacle, uses)


def _untraced(
    run: DevicePass, launched: tuple[float, ...], launch_ms: tuple[float, ...], uses: tuple[GpuUse, ...]
) -> DeviceTimes:
    """What is known where the profiler sees no kernels: end to end, but no layers."""
    if run.replays is None:
        raise NoTimelineError
    return DeviceTimes(TimeSource.GRAPH, (), math.nan, launched, launch_ms, uses=uses)


def _kernels(replays: Sequence[Sequence[DeviceKernel]], parts: Sequence[int | None]) -> tuple[TimedKernel, ...]:
    """The kernels of a pass, each with its mean time over the replays."""
    return tuple(
        TimedKernel(kernel.name, part, ms, kernel.grid)
        for kernel, part, ms in zip(replays[0], parts, mean_durations(replays), strict=True)
    )

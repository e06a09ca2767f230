"""Two interleaved passes: one plain, which is the latency that counts; one stamped, which shares it out."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final, TypeAlias

from mbconv_cli.machine.load import Load, load_between, moment
from mbconv_cli.machine.page_faults import faults_between, page_faults
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import Clock, HostTimes
from mbconv_cli.measure.device_times import DeviceTimes
from mbconv_cli.measure.reference_workload import ReferenceTimer, Workload
from mbconv_cli.measure.stamp_cost import StampCost, stamp_cost
from mbconv_cli.measure.statistics.control_variate import ProcessFigure, process_figure
from mbconv_cli.measure.statistics.estimates import FEWEST_SAMPLES
from mbconv_cli.measure.stopping import Stopping

Stamp: TypeAlias = Callable[[], None]
Pass: TypeAlias = Callable[[Stamp | None], object]
Progress: TypeAlias = Callable[[float], None]

STEADY_WINDOW: Final = 4
STEADY_WITHIN: Final = 0.05


@dataclass(slots=True)
class Measurement:
    """The samples of one measurement, in ms, in the order in which they were taken.

    Attributes:
        end_to_end: each plain pass.
        layers: each stamped pass as the times of its ops, `[passes][ops]`.
        warm_up: passes that were run first and thrown away.
        steady: whether their time had become stable when the bound was reached.
        seconds: how long all of it took.
        host: each plain pass as the host saw it; empty where host and device are the same.
        precision_asked: the share of the median that half its interval was to be within.
        interrupted: whether it was ended before that, or a bound, was reached.
        stamp_cost: what the clock is worth, where it was tried.
        load: what else the machine did.
        page_faults: how often a pass touched memory that the system had not given yet, on average, where it is counted.
        processes: the measurements of several processes that this one puts together; empty if it is of one process.
        left_out: the measurements of processes that were disturbed, and are no part of it.
        reference: the times of the reference workload's kernels, `[samples][kernels]`; empty where none was run.
        program: each plain pass of the program that is stamped, where that is another one than the plain pass.
        device: on an accelerator whose timeline is known, what that says; a stamped pass is then a traced one, with one
            time more, of kernels that belong to no op.
    """

    end_to_end: list[float] = field(default_factory=list)
    layers: list[list[float]] = field(default_factory=list)
    warm_up: int = 0
    steady: bool = False
    seconds: float = 0.0
    host: list[HostTimes] = field(default_factory=list)
    precision_asked: float = math.inf
    interrupted: bool = False
    stamp_cost: StampCost | None = None
    load: Load = field(default_factory=Load)
    page_faults: float | None = None
    processes: tuple[Measurement, ...] = ()
    left_out: tuple[Measurement, ...] = ()
    reference: list[tuple[float, ...]] = field(default_factory=list)
    program: list[float] = field(default_factory=list)
    device: DeviceTimes | None = None

    @property
    def figure(self) -> ProcessFigure:
        """The median of the plain passes, beside what the reference workload shows about the machine."""
        return process_figure(median(self.end_to_end), self.reference)

    @property
    def by_process(self) -> tuple[Measurement, ...]:
        """The measurement of each process."""
        return self.processes or (self,)


@dataclass(frozen=True, slots=True)
class Burst:
    """Passes that are started one behind the other and timed together.

    Attributes:
        run: starts all of them; takes no stamps.
        passes: how many these are.
    """

    run: Pass
    passes: int = 1

    def time(self, clock: Clock) -> float:
        """The mean time of its passes, in ms."""
        return plain_pass(self.run, clock) / self.passes


def measure(
    run: Pass,
    clock: Clock,
    budget: Budget,
    *,
    now: Callable[[], float] = time.monotonic,
    progress: Progress = lambda _: None,
    reference: Workload = (),
    program: Pass | None = None,
) -> Measurement:
    """Sample plain and stamped passes in turn, each first in every other round, with the garbage collector off.

    An interruption (Ctrl-C) ends the sampling early if there are `FEWEST_SAMPLES` rounds.

    Args:
        run: one pass; calls what it is given after every op.
        clock: takes the stamps.
        budget: how long.
        now: a monotonic clock in seconds, for the budget.
        progress: called with the share of the time that has passed.
        reference: the workload that shows how fast the machine is; it runs beside the rounds.
        program: the pass that is stamped, where the plain one runs in another way; `run` is then called with a stamp
            for the stamped pass alone.

    Raises:
        KeyboardInterrupt: it was interrupted before there was anything to report.
    """
    timer = ReferenceTimer(reference)
    result = Measurement(precision_asked=budget.precision, reference=timer.samples)
    began = now()
    with collector_off():
        result.stamp_cost = stamp_cost(clock)
        result.warm_up, result.steady = warm_up(lambda: _both_passes(run, clock), budget, now)
        timer.warm_up()
        first, faults = moment(), page_faults()
        try:
            stopping = Stopping(budget, budget.max_seconds - (now() - began))
            _sample(run, clock, stopping, now, progress, timer, result, program)
        except KeyboardInterrupt:
            if len(result.layers) < FEWEST_SAMPLES:
                raise
            result.interrupted = True
        result.load = load_between(first, moment())
        in_all = faults_between(faults, page_faults())
        passes = len(result.end_to_end) + len(result.program) + len(result.layers)
        result.page_faults = None if in_all is None else in_all / passes
    result.seconds = now() - began
    return result


def _sample(
    run: Pass,
    clock: Clock,
    stopping: Stopping,
    now: Callable[[], float],
    progress: Progress,
    timer: ReferenceTimer,
    result: Measurement,
    program: Pass | None,
) -> None:
    """Round after round into the result, until there are enough."""
    started = now()
    while not stopping.enough:
        stamped_first = len(result.layers) % 2 == 1
        if stamped_first:
            result.layers.append(_stamped_pass(run, clock))
        result.end_to_end.append(plain_pass(run, clock))
        if host_times := clock.host_times():
            result.host.append(host_times)
        if program is not None:
            result.program.append(plain_pass(program, clock))
        if not stamped_first:
            result.layers.append(_stamped_pass(run, clock))
        timer.after_round(now() - started)
        stopping.add(result.end_to_end, now() - started)
        progress(stopping.share_done())


def plain_pass(run: Pass, clock: Clock) -> float:
    """The time of one pass without stamps, in ms."""
    clock.start()
    run(None)
    clock.stamp()
    return sum(clock.finish())


def _stamped_pass(run: Pass, clock: Clock) -> list[float]:
    clock.start()
    run(clock.stamp)
    return clock.finish()


def _both_passes(run: Pass, clock: Clock) -> float:
    """The time of a plain pass, in ms, before a stamped one."""
    plain = plain_pass(run, clock)
    _stamped_pass(run, clock)
    return plain


def warm_up(sample: Callable[[], float], budget: Budget, now: Callable[[], float]) -> tuple[int, bool]:
    """Sample until the last samples are as long as those before them, or the time for it is over.

    Returns:
        How many there were, and whether they had become steady.
    """
    began, times, steady = now(), list[float](), False
    while len(times) < 2 or not _warm(steady, now() - began, budget):
        times.append(sample())
        steady = _steady(times)
    return len(times), steady


def _warm(steady: bool, seconds: float, budget: Budget) -> bool:
    return seconds >= (budget.least_warm_up_seconds if steady else budget.warm_up_seconds)


def _steady(times: Sequence[float]) -> bool:
    """Whether the median of the last eighth of the passes, and of four at least, is that of as many before them."""
    window = max(STEADY_WINDOW, len(times) // 8)
    recent, before = times[-window:], times[-2 * window : -window]
    return len(before) == window and abs(median(recent) - median(before)) <= STEADY_WITHIN * median(before)


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection inside, so that none falls into a pass."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

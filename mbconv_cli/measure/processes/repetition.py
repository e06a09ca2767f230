"""One measurement repeated in fresh processes: started together, since importing takes longest, run one by one.

What stays as it is as long as a process lives, such as where its memory lies, no longer measurement can average out
(Kalibera and Jones, Rigorous benchmarking in reasonable time, ISMM 2013). Needs no torch itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import Any

from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import DEFAULT_PROCESSES, LEAST_PROCESSES, Budget, budget_of_process
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.launch import Launch, Process, fresh_process
from mbconv_cli.measure.processes.pooling import pooled_benches
from mbconv_cli.measure.statistics.estimates import process_mean


def repeat(
    function: str,
    arguments: Mapping[str, Any],
    budget: Budget,
    processes: int | None,
    progress: Progress,
    *,
    launch: Launch = fresh_process,
    now: Callable[[], float] = time.monotonic,
) -> tuple[Bench, ...]:
    """Call a function that measures in one fresh process after the other.

    The first one audits. An interruption (Ctrl-C) ends it early if one process has something to report.

    Args:
        function: `module:function`; takes the arguments, a `budget`, what an audit found and a `progress`.
        arguments: the same for every process.
        budget: of all processes together; starting them is not counted.
        processes: how many undisturbed ones, or as many as the time allows. If absent, until the interval across
            them is as precise as requested, or the time is over; `LEAST_PROCESSES` in any case, and not judged
            before there are `DEFAULT_PROCESSES`.
        progress: called with the share of the whole that is done.
        launch: starts a process.
        now: a monotonic clock in seconds.

    Returns:
        One for each batch size, its samples those of all processes.

    Raises:
        InputError: what a process could not do.
        CheckFailedError: a check of it failed.
        KeyboardInterrupt: it was interrupted before there was anything to report.
    """
    repetition = _Repetition(budget, processes, now)
    of_one = budget_of_process(budget, processes)
    try:
        while not repetition.enough:
            with ExitStack() as stack:
                started = [stack.enter_context(launch(function)) for _ in range(repetition.to_start)]
                for process in started:
                    process.wait_until_ready()
                for process in started:
                    repetition.measure_in(process, {**arguments, "budget": of_one}, progress)
                    if repetition.enough:
                        break
    except KeyboardInterrupt:
        if not repetition.results:
            raise
        repetition.interrupted = True
    return repetition.benches()


class _Repetition:
    """The results so far, and whether they are enough."""

    def __init__(self, budget: Budget, processes: int | None, now: Callable[[], float]) -> None:
        self.results: list[Sequence[Bench]] = []
        self.interrupted = False
        self._undisturbed = 0  # processes that count so far, of the batch size of which the fewest do
        self._budget = budget
        self._processes = processes
        self._now = now
        self._measured_seconds = 0.0
        self._began: float | None = None

    @property
    def audited(self) -> Audit | None:
        """What the first process found, once it has."""
        return self.results[0][0].audit if self.results else None

    @property
    def to_start(self) -> int:
        """How many to start together."""
        missing = self._wanted - self._undisturbed
        return min(missing, DEFAULT_PROCESSES) if missing > 0 else 1

    @property
    def enough(self) -> bool:
        """Whether no further process is wanted: all have run, it was interrupted, one failed, or the rule says so."""
        if not self.results:
            return False
        if self.interrupted or not self.results[-1][0].audit.agrees:
            return True
        over = self._seconds >= self._budget.max_seconds
        if over and len(self.results) >= (self._processes or LEAST_PROCESSES):
            return True
        return self._undisturbed >= self._wanted and (self._processes is not None or self._precise())

    def measure_in(self, process: Process, arguments: Mapping[str, Any], progress: Progress) -> None:
        """Measure in one process, to its end or to an interruption, and add what it found."""
        self.begin()
        try:
            found = process.call(
                **arguments, audited=self.audited, progress=lambda done: progress(self.share_done(done))
            )
        except KeyboardInterrupt:
            self.interrupted = True
            found = process.interrupt()
        process.close()  # at once, so that its end takes no time from the next one
        self.add(found)

    def begin(self) -> None:
        """A process begins to measure."""
        self._began = self._now()

    def add(self, found: Sequence[Bench]) -> None:
        """A process has measured; starting it took no time of the budget."""
        self._measured_seconds, self._began = self._seconds, None
        self.results.append(found)
        self._undisturbed = min(len(bench.measurement.by_process) for bench in pooled_benches(self.results))

    def share_done(self, of_process: float) -> float:
        """How much of the whole is done when so much of the present process is."""
        by_count = min((self._undisturbed + of_process) / self._wanted, 1.0)
        if self._processes is not None:
            return by_count
        return min(by_count, self._seconds / self._budget.max_seconds)

    def benches(self) -> tuple[Bench, ...]:
        """All results as one, with the precision that was requested of all."""
        return tuple(
            replace(
                bench,
                measurement=replace(
                    bench.measurement,
                    precision_asked=self._budget.precision,
                    interrupted=self.interrupted or bench.measurement.interrupted,
                ),
            )
            for bench in pooled_benches(self.results)
        )

    @property
    def _wanted(self) -> int:
        """How many undisturbed processes there should be; fewer where a device's own time hardly differs in them."""
        usual = LEAST_PROCESSES if self.results and self.results[0][0].measurement.device else DEFAULT_PROCESSES
        return self._processes or usual

    def _precise(self) -> bool:
        """Whether the interval of every batch size is as narrow as requested."""
        return all(
            process_mean(
                [median(one.end_to_end) for one in bench.measurement.by_process], len(bench.measurement.left_out)
            ).precision
            <= self._budget.precision
            for bench in pooled_benches(self.results)
        )

    @property
    def _seconds(self) -> float:
        """How long processes have measured."""
        return self._measured_seconds + (0.0 if self._began is None else self._now() - self._began)

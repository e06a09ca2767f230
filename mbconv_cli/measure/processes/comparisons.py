"""Sets of candidates compared in several fresh processes: one estimate for each process, the interval across processes.

This file needs no torch: only the processes that it starts do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.fingerprint import load_average
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.launch import Launch, Process, fresh_process
from mbconv_cli.measure.statistics.control_variate import ProcessFigure, process_figure, reference_level
from mbconv_cli.measure.statistics.disturbance import disturbed
from mbconv_cli.measure.statistics.estimates import Estimate, process_interval
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell

COMPARISON: Final = "mbconv_cli.pytorch.comparison_process:run"
TOGETHER: Final = 5
"""Processes that are started at once: each holds some 300 MB."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one process measures.

    Attributes:
        sets: candidates that are compared with each other; the first of a set is what its others are compared with.
        device: where.
        batch_size: images in a batch.
        threads: on the CPU; the default number if absent.
        seconds: for each set, warm-up not counted.
        seed: of the order in which candidates take their turns.
        audit: whether to count every candidate with fvcore too.
        keep_rounds: whether every round's times are wanted, and not the estimates alone.
        launches: on an accelerator, whether passes launched from Python are measured for `seconds`, too.
    """

    sets: tuple[tuple[Plan, ...], ...]
    device: DeviceChoice
    batch_size: int = 1
    threads: int | None = None
    seconds: float = 1.0
    seed: int = 0
    audit: bool = False
    keep_rounds: bool = False
    launches: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process found.

    Attributes:
        latency_ms: of each set, each candidate's.
        latency_ratio: of each set, each candidate's over the first one's.
        rounds: of each set, how often every candidate ran.
        machine: torch's part of the fingerprint.
        audited_ops: ops on which closed forms and fvcore agree, where that was requested.
        round_ms: of each set, each round's times, where they were requested.
        reference: of each set, the times of the reference workload's kernels, `[samples][kernels]`.
        launched_ms: on an accelerator, of each set, each candidate's time when Python launches it op by op.
        launched_ratio: each of these over the first one's.
        obstacle: why the times are those of launching, where an accelerator's own could not be measured.
    """

    latency_ms: tuple[tuple[float, ...], ...]
    latency_ratio: tuple[tuple[float, ...], ...]
    rounds: tuple[int, ...]
    machine: dict[str, Cell]
    audited_ops: int = 0
    round_ms: tuple[tuple[tuple[float, ...], ...], ...] = ()
    reference: tuple[tuple[tuple[float, ...], ...], ...] = ()
    launched_ms: tuple[tuple[float, ...], ...] = ()
    launched_ratio: tuple[tuple[float, ...], ...] = ()
    obstacle: str = ""

    def figure(self, index: int, candidate: int) -> ProcessFigure:
        """A candidate's latency in the set of an index, and the level of the reference workload beside the set."""
        samples = self.reference[index] if self.reference else ()
        return process_figure(self.latency_ms[index][candidate], samples)

    @property
    def reference_levels(self) -> tuple[float, ...]:
        """The level of the reference workload beside each set, in ms; none where it did not run."""
        return tuple(reference_level(samples) for samples in self.reference if samples)


Launcher: TypeAlias = Callable[[Request, Progress], Outcome]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The estimates of all processes together.

    Attributes:
        latency_ms: of each set, each candidate's.
        latency_ratio: of each set, each candidate's over the first one's.
        processes: how many there were.
        rounds: the fewest rounds of a set in a process.
        machine: torch's part of the fingerprint.
        audited_ops: ops on which closed forms and fvcore agree.
        load_before: the load average when measuring began, where the system reports it.
        outcomes: what each process found, for tests across them.
        left_out: the most processes that were left out of a set as disturbed.
        slowdown: of the reference workload over the machine's quiet speed; None where it did not run.
        launched_ms: on an accelerator, of each set, each candidate's time when Python launches it op by op.
        obstacle: why the times are those of launching, where an accelerator's own could not be measured.
    """

    latency_ms: tuple[tuple[Estimate, ...], ...]
    latency_ratio: tuple[tuple[Estimate, ...], ...]
    processes: int
    rounds: int
    machine: dict[str, Cell]
    audited_ops: int
    load_before: float | None
    outcomes: tuple[Outcome, ...] = ()
    left_out: int = 0
    slowdown: float | None = None
    launched_ms: tuple[tuple[Estimate, ...], ...] = ()
    obstacle: str = ""


def compare(request: Request, processes: int, progress: Progress, launch: Launcher) -> Comparison:
    """Run the request in several fresh processes, one after the other; the first one audits what it built.

    Of each set, processes in which its first candidate was disturbed are left out.

    Args:
        request: what each of them measures; each takes another order.
        processes: at least two, so that there is an interval.
        progress: called with the share of the whole that is done.
        launch: runs a request in a process of its own.

    Raises:
        InputError: the device is not there, or has too little memory.
        CheckFailedError: closed forms and fvcore disagree.
    """
    load_before = load_average()
    outcomes: list[Outcome] = []
    for index in range(processes):
        of_one = replace(request, seed=request.seed + index, audit=index == 0)
        outcomes.append(launch(of_one, _shared(progress, index, processes)))
    slow = [disturbed([outcome.latency_ms[index][0] for outcome in outcomes]) for index in range(len(request.sets))]
    return Comparison(
        latency_ms=_across([outcome.latency_ms for outcome in outcomes], slow),
        latency_ratio=_across([outcome.latency_ratio for outcome in outcomes], slow),
        processes=processes,
        rounds=min(rounds for outcome in outcomes for rounds in outcome.rounds),
        machine=outcomes[0].machine,
        audited_ops=outcomes[0].audited_ops,
        load_before=load_before,
        outcomes=tuple(outcomes),
        left_out=max(map(len, slow)),
        launched_ms=_across([outcome.launched_ms for outcome in outcomes], slow) if outcomes[0].launched_ms else (),
        obstacle=outcomes[0].obstacle,
    )


@contextmanager
def started_together(processes: int, start: Launch = fresh_process) -> Iterator[Launcher]:
    """Launch requests in fresh processes that are started some at a time, since importing takes longest.

    Args:
        processes: how many requests there will be.
        start: starts a process.

    Yields:
        What runs a request in the next one. It raises InputError for what the process could not do, in its own words,
        or that it died; and CheckFailedError if its audit failed.
    """
    with ExitStack() as stack:
        waiting: list[Process] = []
        to_start = processes

        def launch(request: Request, progress: Progress) -> Outcome:
            nonlocal to_start
            if not waiting:
                waiting.extend(stack.enter_context(start(COMPARISON)) for _ in range(min(to_start, TOGETHER)))
                to_start -= len(waiting)
                for process in waiting:
                    process.wait_until_ready()
            process = waiting.pop(0)
            outcome: Outcome = process.call(request, progress=progress)
            process.close()  # at once, so that its end takes no time from the next one
            return outcome

        yield launch


def launch_process(request: Request, progress: Progress) -> Outcome:
    """A request in a process of its own, which ends with this function."""
    with started_together(1) as launch:
        return launch(request, progress)


def _shared(progress: Progress, index: int, processes: int) -> Progress:
    """One process's progress as its share of the whole."""
    return lambda done: progress((index + done) / processes)


def _across(
    figures: Sequence[Sequence[Sequence[float]]], left_out: Sequence[frozenset[int]]
) -> tuple[tuple[Estimate, ...], ...]:
    """`[processes][sets][candidates]` as an estimate for each candidate of each set, without disturbed processes."""
    estimates = []
    for of_set, slow in zip(zip(*figures, strict=True), left_out, strict=True):
        kept = [of_process for index, of_process in enumerate(of_set) if index not in slow]
        estimates.append(tuple(process_interval(one, len(slow)) for one in zip(*kept, strict=True)))
    return tuple(estimates)

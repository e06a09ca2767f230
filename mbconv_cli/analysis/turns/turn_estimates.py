"""The turns of a network in a form, put together: its latency, with an interval across processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import geometric_mean

from mbconv_cli.analysis.columns import LAUNCHED, estimate_cells, latency_cells
from mbconv_cli.analysis.turns.turn_measuring import Turns
from mbconv_cli.machine.comparability import fingerprint
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.machine.quiet_speed import quiet_speed
from mbconv_cli.measure.execution import DEFAULT
from mbconv_cli.measure.processes.turn_requests import Turn
from mbconv_cli.measure.statistics.control_variate import at_quiet_speed, best_level, known_levels
from mbconv_cli.measure.statistics.disturbance import disturbed
from mbconv_cli.measure.statistics.estimates import Estimate, process_interval
from mbconv_cli.report.model import Cell

LEAST_TURNS = 2
"""With fewer there is no interval."""


@dataclass(frozen=True, slots=True)
class Latency:
    """What is known of a latency.

    Attributes:
        estimate: in ms; at the machine's quiet speed where a reference workload ran beside the passes.
        turns: that it is made of.
        left_out: turns that were left out as disturbed.
        slowdown: of the reference workload while measuring, over the quiet speed; None where it did not run.
        launched: on an accelerator, the time of a pass that Python launches op by op, in ms.
    """

    estimate: Estimate
    turns: int
    left_out: int = 0
    slowdown: float | None = None
    launched: Estimate | None = None

    @property
    def cells(self) -> dict[str, Cell]:
        """The latency, and on an accelerator beside it the time of a pass that Python launches."""
        launched = estimate_cells(LAUNCHED[0].key, self.launched) if self.launched else {}
        return latency_cells(self.estimate) | launched


def latency_of(turns: Sequence[Turn], quiet_ms: float | None) -> Latency | None:
    """The latency of a network in a form; None where there are too few turns for an interval.

    Args:
        turns: one of each process.
        quiet_ms: the level of the reference workload at the machine's quiet speed, where that is known.
    """
    if len(turns) < LEAST_TURNS:
        return None
    slow = disturbed([turn.latency_ms for turn in turns])
    kept = [turn.figure for index, turn in enumerate(turns) if index not in slow]
    if quiet_ms is None or not known_levels(kept):
        estimate = process_interval([one.latency_ms for one in kept], len(slow))
        return Latency(estimate, len(kept), len(slow), launched=_launched(turns, slow))
    corrected = at_quiet_speed(kept, quiet_ms, left_out=len(slow))
    return Latency(corrected.estimate, len(kept), len(slow), corrected.slowdown)


def _launched(turns: Sequence[Turn], left_out: Collection[int]) -> Estimate | None:
    times = [turn.launched_ms for index, turn in enumerate(turns) if index not in left_out]
    known = [time for time in times if time is not None]
    return process_interval(known, len(left_out)) if len(known) == len(times) else None


def quiet_levels(turns: Mapping[tuple[int, int], Turn]) -> dict[int, float]:
    """The level of the reference workload at the quiet speed, by the number of threads.

    Args:
        turns: all of them, by candidate and round. The level of a round is the mean of its turns'.
    """
    rounds: dict[int, dict[int, list[Turn]]] = defaultdict(lambda: defaultdict(list))
    for (_, index), turn in turns.items():
        threads = turn.machine["threads"]
        if turn.reference_ms is not None and isinstance(threads, int):
            rounds[threads][index].append(turn)
    levels = {}
    for threads, by_round in rounds.items():
        one = next(iter(by_round.values()))[0]
        machine = fingerprint(host_fingerprint() | one.machine, dtype="float32", allocator=DEFAULT.memory.value)
        observed = best_level([geometric_mean(_levels(of_round)) for of_round in by_round.values()])
        levels[threads] = quiet_speed(machine, observed).reference_ms
    return levels


def _levels(turns: Sequence[Turn]) -> list[float]:
    return [turn.reference_ms for turn in turns if turn.reference_ms is not None]


def latencies(turns: Turns) -> dict[int, Latency]:
    """The latency of every candidate that has turns enough, by its number."""
    quiet = quiet_levels(turns.by_place)
    found: dict[int, Latency] = {}
    for candidate in sorted({candidate for candidate, _ in turns.by_place}):
        of_one = turns.of(candidate)
        threads = of_one[0].machine["threads"]
        latency = latency_of(of_one, quiet.get(threads) if isinstance(threads, int) else None)
        if latency is not None:
            found[candidate] = latency
    return found

"""What a report says about turns: how they were measured, how far they can be trusted, and the figures themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.measuring import DEVICE_TIMES, NO_USABLE_RESULT, OVERLOADED, advice, device_note, overload
from mbconv_cli.report.model import Cell
from mbconv_cli.units import counted

if TYPE_CHECKING:
    from mbconv_cli.analysis.turns.turn_estimates import Latency
    from mbconv_cli.analysis.turns.turn_measuring import Turns

QUIET: Final = (
    "quiet speed: latencies are those at this machine's quiet speed, which a reference workload beside the passes shows"
)


def worst_slowdown(found: Mapping[int, Latency]) -> float | None:
    """How much slower than at its quiet speed the machine was, in the median of all latencies; None if unknown."""
    known = sorted(one.slowdown for one in found.values() if one.slowdown is not None)
    return known[len(known) // 2] if known else None


def unusable_turns(turns: Turns, found: Mapping[int, Latency]) -> str | None:
    """Why the latencies support no conclusion, with the one thing to do about it; None where they may."""
    slowdown = worst_slowdown(found)
    if slowdown is None or slowdown < OVERLOADED:
        return None
    machine = next(iter(turns.by_place.values())).machine
    return f"{overload(slowdown)}; {advice(machine, None, overloaded=True, otherwise='measure later')}"


def turn_notes(turns: Turns, found: Mapping[int, Latency]) -> Iterator[str]:
    """How the latencies came about, and first of all what makes them doubtful."""
    if unusable := unusable_turns(turns, found):
        yield f"{NO_USABLE_RESULT}: {unusable}"
    if turns.interrupted:
        yield "warning: interrupted; what has too few turns for an interval has no latency"
    left_out = sum(one.left_out for one in found.values())
    if left_out:
        yield f"warning: {counted(left_out, 'turn')} ran much slower than the others of their network and were left out"
    machines = [turn.machine for turn in turns.by_place.values()]
    if not machines:
        return
    yield device_note(machines[0])
    if any(machine["device"] != "cpu" for machine in machines):
        yield DEVICE_TIMES
    counts = [one.turns + one.left_out for one in found.values()]
    if counts:
        yield (
            f"measured in turn, {counted(min(counts), 'fresh process')} for every network; a latency is the mean of "
            "their medians, with its 95 % interval; networks whose intervals overlap are not ranked"
        )
    if any(one.slowdown is not None for one in found.values()):
        yield QUIET


def measured_figures(turns: Turns, found: Mapping[int, Latency], candidates: int) -> dict[str, Cell]:
    """For programs: whether all was measured that was asked for, and is of use."""
    slowdown = worst_slowdown(found)
    return {
        "complete": not turns.interrupted and len(found) == candidates,
        "usable": unusable_turns(turns, found) is None,
        "turns": len(turns.by_place),
        **({} if slowdown is None else {"reference_slowdown": slowdown}),
    }


def measured_samples(turns: Turns, names: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Each process's median of every network in ms, and the level of the reference workload beside it."""
    samples: dict[str, tuple[float, ...]] = {}
    for index, name in enumerate(names):
        of_one = turns.of(index)
        samples[f"process_latency_ms {name}"] = tuple(turn.latency_ms for turn in of_one)
        samples[f"process_reference_ms {name}"] = tuple(
            turn.reference_ms for turn in of_one if turn.reference_ms is not None
        )
    return {name: figures for name, figures in samples.items() if figures}

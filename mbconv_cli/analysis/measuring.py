"""Measuring candidates against each other: the request, and what a report says about how it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import LAUNCHED, estimate_cells
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.fingerprint import host_fingerprint, usable_cores
from mbconv_cli.report.model import Cell, Row
from mbconv_cli.units import counted

if TYPE_CHECKING:
    from mbconv_cli.measure.latency import Progress
    from mbconv_cli.measure.processes.comparisons import Comparison, Launcher
    from mbconv_cli.measure.statistics.estimates import Estimate
    from mbconv_cli.plan.ops import Plan

MIN_PROCESSES: Final = 2
DEFAULT_PROCESSES: Final = 5
NETWORK_SECONDS: Final = 4.0
BLOCK_SECONDS: Final = 1.0
LEAST_SECONDS: Final = 0.1
BUSY_LOAD_SHARE: Final = 0.5
WIDEST: Final = 0.20
"""Of a latency or a ratio: the width of a 95 % interval beyond which it answers no question that is asked of it."""
OVERLOADED: Final = 1.25
"""The slowdown of the reference workload from which on its correction is a guess."""
NO_USABLE_RESULT: Final = "no usable result"
DEVICE_TIMES: Final = (
    "times: those of the device, of replays of one graph for each candidate; a pass that Python launches takes longer"
)
LAUNCHES: Final = "the times are those of launching from Python, since the passes cannot be captured as graphs"


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """Where and how often to measure, what to call with the progress, and a launcher of processes for tests."""

    device: DeviceChoice
    threads: int | None
    processes: int
    progress: Progress
    launch: Launcher | None = None


def measure_sets(
    sets: Sequence[Sequence[Plan]], wanted: MeasureRequest, *, batch_size: int, seconds: float, launches: bool = False
) -> Comparison:
    """Compare the candidates of every set with its first one, interleaved, in several fresh processes.

    Args:
        sets: candidates to compare with each other.
        wanted: where and how often.
        batch_size: images in a batch.
        seconds: how long a process measures all sets together, if that is enough for some rounds of each.
        launches: on an accelerator, whether passes launched from Python are measured for as long as the device's own.

    Raises:
        InputError: the device is not there, or has too little memory.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    from mbconv_cli.measure.processes.comparisons import Request, compare, started_together

    request = Request(
        sets=tuple(tuple(plans) for plans in sets),
        device=wanted.device,
        batch_size=batch_size,
        threads=wanted.threads,
        seconds=max(seconds / len(sets), LEAST_SECONDS),
        launches=launches,
    )
    if wanted.launch:
        return with_slowdown(compare(request, wanted.processes, wanted.progress, wanted.launch))
    with started_together(wanted.processes) as launch:
        return with_slowdown(compare(request, wanted.processes, wanted.progress, launch))


def with_slowdown(comparison: Comparison) -> Comparison:
    """The comparison with how much slower than at its quiet speed the machine was, where that was measured."""
    levels = [outcome.reference_levels for outcome in comparison.outcomes]
    if not levels or not all(levels):
        return comparison
    from statistics import geometric_mean

    from mbconv_cli.machine.comparability import fingerprint
    from mbconv_cli.machine.quiet_speed import quiet_speed
    from mbconv_cli.measure.execution import DEFAULT
    from mbconv_cli.measure.statistics.control_variate import best_level

    of_processes = [geometric_mean(of_sets) for of_sets in levels]
    machine = fingerprint(host_fingerprint() | comparison.machine, dtype="float32", allocator=DEFAULT.memory.value)
    quiet = quiet_speed(machine, best_level(of_processes))
    return replace(comparison, slowdown=geometric_mean(of_processes) / quiet.reference_ms)


def unusable_reason(comparison: Comparison) -> str | None:
    """Why a comparison supports no conclusion, with the one thing to do about it; None where it may."""
    if comparison.obstacle:
        return f"{LAUNCHES}: {comparison.obstacle}; compare on the CPU, or what can be captured"
    if comparison.slowdown is not None and comparison.slowdown >= OVERLOADED:
        overloaded = overload(comparison.slowdown)
    else:
        overloaded = None
    ratios = [ratio for of_set in comparison.latency_ratio for ratio in of_set[1:]]
    if not overloaded and (not ratios or any(map(narrow, ratios))):
        return None
    cores = len(usable_cores())
    load = comparison.load_before or 0.0
    taken = load / cores if load >= BUSY_LOAD_SHARE * cores else None
    what = overloaded or f"the 95 % interval of every ratio is wider than {100 * WIDEST:.0f} % of it"
    return f"{what}; {advice(comparison.machine, taken, bool(overloaded), 'take more --processes')}"


def with_launched(rows: Sequence[Row], comparison: Comparison, index: int) -> list[Row]:
    """The rows of the candidates of a set, on an accelerator with the time that each takes when Python launches it."""
    if not comparison.launched_ms:
        return list(rows)
    times = comparison.launched_ms[index]
    return [{**row, **estimate_cells(LAUNCHED[0].key, one)} for row, one in zip(rows, times, strict=True)]


def narrow(estimate: Estimate) -> bool:
    """Whether an interval is narrow enough to conclude anything."""
    return 2 * estimate.precision <= WIDEST


def overload(slowdown: float) -> str:
    """What the reference workload says about an overloaded machine."""
    return f"the machine was overloaded: it ran the reference workload {slowdown:.1f}x slower than at its quiet speed"


def advice(machine: Mapping[str, Cell], taken: float | None, overloaded: bool, otherwise: str) -> str:
    """The one thing to do about a latency that is not known well enough.

    Args:
        machine: that was measured on.
        taken: the share of its cores' time that others took, if that is known and much.
        overloaded: whether the reference workload was slow.
        otherwise: what to do where nothing else is in the way.
    """
    cores, threads = len(usable_cores()), machine["threads"]
    if machine["device"] == "cpu" and taken is not None:
        busy = max(1, round(taken * cores))
        others = "another program keeps a core busy" if busy == 1 else f"other programs keep {busy} cores busy"
        free = max(1, cores - busy)
        may_shrink = isinstance(threads, int) and threads > free
        return f"{others}; " + (
            f"try --threads {free}" if may_shrink else f"end {'it' if busy == 1 else 'them'}, or measure later"
        )
    from mbconv_cli.machine.threads import cpu_bounds

    quota = cpu_bounds().quota
    if machine["device"] == "cpu" and quota is not None and quota < 1:
        return f"a control group allows {quota:.3g} cores' time, which stops every pass for a while; allow a whole core"
    if overloaded:
        return "something outside of this system slows the machine down; measure later, or on another one"
    return otherwise


def usable_figures(comparison: Comparison | None) -> dict[str, Cell]:
    """For programs: whether what was measured is of use; nothing where nothing was."""
    if comparison is None:
        return {}
    slowdown = {} if comparison.slowdown is None else {"reference_slowdown": comparison.slowdown}
    left_out = {"processes": comparison.processes, "processes_left_out": comparison.left_out}
    return {"usable": unusable_reason(comparison) is None, **left_out, **slowdown}


def notes(comparison: Comparison) -> tuple[str, ...]:
    """How the figures came about, and first of all what makes them doubtful."""
    unusable = unusable_reason(comparison)
    return (
        *([f"{NO_USABLE_RESULT}: {unusable}"] if unusable else []),
        *left_out_warning(comparison),
        *busy_warning(comparison.load_before, comparison.machine),
        device_note(comparison.machine),
        *([DEVICE_TIMES] if comparison.launched_ms and not comparison.obstacle else []),
        (
            f"measured in {counted(comparison.processes, 'fresh process')}, in turn in random order, at least "
            f"{counted(comparison.rounds, 'round')} each; a figure is the geometric mean of the processes' estimates, "
            "with its 95 % interval across processes; a ratio is taken round by round, so it may differ from the times'"
        ),
        f"audit: closed forms and fvcore agree on all {counted(comparison.audited_ops, 'op')}",
    )


def left_out_warning(comparison: Comparison) -> list[str]:
    """That processes were left out as disturbed, where some were."""
    count = comparison.left_out
    were = "was" if count == 1 else "were"
    whole = comparison.processes
    return [f"warning: {count} of {whole} processes ran much slower than the others and {were} left out"] * bool(count)


def device_note(machine: Mapping[str, Cell]) -> str:
    """Where it was measured."""
    count, reason = machine["threads"], machine.get("threads_because")
    assert isinstance(count, int)
    threads = counted(count, "thread") + (f" ({reason})" if reason else "")
    tf32 = f", TF32 for {machine['tf32']}" if machine.get("tf32") else ""
    return f"device: {machine['device']} ({machine['device_name']}), {threads}, torch {machine['torch']}{tf32}"


def busy_warning(load: float | None, machine: Mapping[str, Cell]) -> list[str]:
    """That others used the CPU when measuring on it began, where that is so and known."""
    cores = host_fingerprint()["usable_cores"]
    assert isinstance(cores, int)
    if load is None or machine["device"] != "cpu" or load < BUSY_LOAD_SHARE * cores:
        return []
    where = counted(cores, "core")
    return [f"warning: the machine was busy: load average {load:.2f} on {where} before measuring began"]

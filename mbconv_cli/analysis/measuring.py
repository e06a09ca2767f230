"""Measuring candidates against each other: what is asked for, and what a report says of how it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell

if TYPE_CHECKING:
    from mbconv_cli.measure.latency import Progress
    from mbconv_cli.measure.processes.comparisons import Comparison, Launcher

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


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """Where and how often to measure, whom to tell how far it is, and how processes are launched if not for real."""

    device: DeviceChoice
    threads: int | None
    processes: int
    progress: Progress
    launch: Launcher | None = None


def measure_sets(
    sets: Sequence[Sequence[Plan]], wanted: MeasureRequest, *, batch_size: int, seconds: float
) -> Comparison:
    """Compare the candidates of every set with its first one, interleaved, in several fresh processes.

    Args:
        sets: candidates to compare with each other.
        wanted: where and how often.
        batch_size: images in a batch.
        seconds: how long a process measures all sets together, if that is enough for some rounds of each.

    Raises:
        InputError: the device is not there, or has too little memory.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    from mbconv_cli.measure.processes.comparisons import Request, compare, launch_process

    request = Request(
        sets=tuple(tuple(plans) for plans in sets),
        device=wanted.device,
        batch_size=batch_size,
        threads=wanted.threads,
        seconds=max(seconds / len(sets), LEAST_SECONDS),
    )
    return compare(request, wanted.processes, wanted.progress, wanted.launch or launch_process)


def notes(comparison: Comparison) -> tuple[str, ...]:
    """How the figures came about."""
    return (
        device_note(comparison.machine),
        (
            f"measured in {comparison.processes} fresh processes, in turn in random order, at least "
            f"{comparison.rounds} rounds each; a figure is the geometric mean of one estimate a process, with its "
            "95 % interval across processes; a ratio is taken round by round, so it need not be that of the times"
        ),
        f"audit: closed forms and fvcore agree on all {comparison.audited_ops} ops",
        *busy_warning(comparison.load_before, comparison.machine),
    )


def device_note(machine: Mapping[str, Cell]) -> str:
    """Where it was measured."""
    count, reason = machine["threads"], machine.get("threads_because")
    threads = ("1 thread" if count == 1 else f"{count} threads") + (f" ({reason})" if reason else "")
    return f"device: {machine['device']} ({machine['device_name']}), {threads}, torch {machine['torch']}"


def busy_warning(load: float | None, machine: Mapping[str, Cell]) -> list[str]:
    """That others used the CPU when measuring on it began, where that is so and known."""
    cores = host_fingerprint()["usable_cores"]
    assert isinstance(cores, int)
    if load is None or machine["device"] != "cpu" or load < BUSY_LOAD_SHARE * cores:
        return []
    return [f"warning: the machine was busy: load average {load:.2f} on {cores} cores before measuring began"]

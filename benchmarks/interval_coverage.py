"""How often the 95 % interval of `mbconv profile` holds the median of many profiles.

Profiles come one after the other, each of several fresh processes, as the command makes them with its defaults. An
interval can only know of what differed between its own processes. What moves slower than a profile takes (the machine's
clock, other work) it does not see; so beside the count there are figures of that drift: the medians over time; how far
profiles lie apart, and how far they would if nothing but their processes differed; and how often an interval held the
median of the profiles next to it, which drifted less.
"""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median, stdev, variance
from typing import NamedTuple

PARTS = 4
NEIGHBOURS = 4


class Profile(NamedTuple):
    """End to end in ms, its 95 % interval, and the median of each of its processes."""

    value: float
    low: float
    high: float
    processes: tuple[float, ...]

    def holds(self, figure: float) -> bool:
        """Whether the figure is inside the interval."""
        return self.low <= figure <= self.high


def print_coverage(network: str, threads: int, allocator: str, count: int, raw: Path) -> None:
    """Profile so often, print how often the interval held the median of all, and write every profile."""
    profiles = []
    with raw.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("latency_ms", "latency_ms_low", "latency_ms_high", "process_latency_ms"))
        for _ in range(count):
            one = _profile(network, threads, allocator)
            profiles.append(one)
            writer.writerow((one.value, one.low, one.high, ";".join(map(str, one.processes))))
            file.flush()
    for line in _findings(profiles):
        print(line)
    print(f"{network}, {threads} threads, allocator {allocator}; raw figures in {raw}")


def _profile(network: str, threads: int, allocator: str) -> Profile:
    options = ("--device", "cpu", "--threads", str(threads), "--allocator", allocator, "--by", "stage")
    command = (sys.executable, "-m", "mbconv_cli", "profile", network, *options, "--format", "json")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    report = json.loads(done.stdout)
    value, low, high = (report["totals"][f"latency_ms{end}"] for end in ("", "_low", "_high"))
    return Profile(value, low, high, tuple(report["samples"]["process_latency_ms"]))


def _findings(profiles: Sequence[Profile]) -> list[str]:
    values = [one.value for one in profiles]
    whole = median(values)
    counts = sorted(len(one.processes) for one in profiles)
    parts = [values[len(values) * part // PARTS : len(values) * (part + 1) // PARTS] for part in range(PARTS)]
    between_processes = math.sqrt(fmean(variance(one.processes) for one in profiles))
    foreseen = math.sqrt(fmean(variance(one.processes) / len(one.processes) for one in profiles))
    seen = stdev(values)
    drift = math.sqrt(max(seen**2 - foreseen**2, 0.0))
    return [
        _held("the median of all", profiles, lambda _: whole),
        _held(f"the median of the {NEIGHBOURS} before and after", profiles, lambda index: _nearby(values, index)),
        (
            f"median of all {whole:.3f} ms, profiles from {min(values):.3f} to {max(values):.3f} ms, "
            f"of {counts[0]} to {counts[-1]} processes"
        ),
        f"half an interval: {100 * median((one.high - one.low) / 2 / one.value for one in profiles):.2f} % (median)",
        f"drift: medians over time {', '.join(f'{median(part):.3f}' for part in parts if part)} ms",
        (
            f"standard deviations: {100 * between_processes / whole:.2f} % between the processes of a profile; "
            f"{100 * seen / whole:.2f} % between profiles, of which {100 * foreseen / whole:.2f} % come of their "
            f"processes and {100 * drift / whole:.2f} % of what moves slower"
        ),
    ]


def _held(what: str, profiles: Sequence[Profile], expected: Callable[[int], float]) -> str:
    held = sum(one.holds(expected(index)) for index, one in enumerate(profiles))
    return f"{held} of {len(profiles)} intervals ({100 * held / len(profiles):.0f} %) held {what}"


def _nearby(values: Sequence[float], index: int) -> float:
    """The median of the profiles around one, without itself."""
    before, after = values[max(index - NEIGHBOURS, 0) : index], values[index + 1 : index + 1 + NEIGHBOURS]
    return median([*before, *after])

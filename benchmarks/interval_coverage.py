"""How often the 95 % interval of `mbconv profile` holds the median of many profiles.

Every profile is a process of its own, one after the other. An interval can only know of what happened while it was
measured. What moves from one process to the next (the machine's clock, other work, where memory lies) it does not see;
so beside the count there are figures of that drift: the medians over time, how much of the spread is within a process,
and how often an interval held the median of the profiles next to it, which drifted less.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, pstdev
from typing import NamedTuple

PARTS = 4
NEIGHBOURS = 4
NORMAL_QUANTILE = 1.96


class Interval(NamedTuple):
    """An end-to-end median in ms, and its 95 % interval."""

    value: float
    low: float
    high: float

    def holds(self, figure: float) -> bool:
        """Whether the figure is inside."""
        return self.low <= figure <= self.high


def print_coverage(network: str, threads: int, count: int, raw: Path) -> None:
    """Profile so often, print how often the interval held the median of all, and write every interval."""
    intervals = [_profile(network, threads) for _ in range(count)]
    with raw.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("latency_ms", "latency_ms_low", "latency_ms_high"))
        writer.writerows(intervals)
    for line in _findings(intervals):
        print(line)
    print(f"{network}, {threads} threads; raw figures in {raw}")


def _profile(network: str, threads: int) -> Interval:
    options = ("--device", "cpu", "--threads", str(threads), "--by", "stage", "--format", "json")
    command = (sys.executable, "-m", "mbconv_cli", "profile", network, *options)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    totals = json.loads(done.stdout)["totals"]
    return Interval(totals["latency_ms"], totals["latency_ms_low"], totals["latency_ms_high"])


def _findings(intervals: Sequence[Interval]) -> list[str]:
    values = [interval.value for interval in intervals]
    whole = median(values)
    within = median((interval.high - interval.low) / 2 / NORMAL_QUANTILE for interval in intervals)
    parts = [values[len(values) * part // PARTS : len(values) * (part + 1) // PARTS] for part in range(PARTS)]
    return [
        _held("the median of all", intervals, lambda _: whole),
        _held(f"the median of the {NEIGHBOURS} before and after", intervals, lambda index: _nearby(values, index)),
        f"median of all {whole:.3f} ms, profiles from {min(values):.3f} to {max(values):.3f} ms",
        f"drift: medians over time {', '.join(f'{median(part):.3f}' for part in parts if part)} ms",
        (
            f"standard deviation: {100 * within / whole:.2f} % within a process, as its interval says, "
            f"{100 * pstdev(values) / whole:.2f} % between processes"
        ),
    ]


def _held(what: str, intervals: Sequence[Interval], expected: Callable[[int], float]) -> str:
    held = sum(interval.holds(expected(index)) for index, interval in enumerate(intervals))
    return f"{held} of {len(intervals)} intervals ({100 * held / len(intervals):.0f} %) held {what}"


def _nearby(values: Sequence[float], index: int) -> float:
    """The median of the profiles around one, without itself."""
    before, after = values[max(index - NEIGHBOURS, 0) : index], values[index + 1 : index + 1 + NEIGHBOURS]
    return median([*before, *after])

"""How often the interval across a profile's processes holds what it promises where drift is the same for all of them.

Profiles that come one after the other (`latency.py --coverage`) are measured on a machine that changes meanwhile. Here
many processes live at once and take turns of a fraction of a second, in a new random order each time, until each has
measured as long as a process of a profile does: so all of them saw the same minutes, and what is left between them is
what the interval speaks of. A few of them, drawn at random, make a profile; its interval should hold the median of all.

    python benchmarks/processes_in_turn.py [--network NAME] [--threads N] [--allocator keep] [--processes N]
                                           [--csv FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Final

from mbconv_cli.measure.budget import DEFAULT_PROCESSES, Budget, budget_of_process
from mbconv_cli.measure.statistics.estimates import median_interval, process_mean

TURN_SECONDS: Final = 0.12
PASSES_TO_RESUME: Final = 3
DRAWS: Final = 10_000
TURN: Final = "turn"


def take_turns(network: str, threads: int, allocator: str) -> None:
    """One process: measures whenever a line comes, says when its turn is over, and in the end its median in ms."""
    import torch

    from mbconv_cli.analysis.networks import open_network
    from mbconv_cli.machine.allocator import keep_memory
    from mbconv_cli.measure.clock import HostClock
    from mbconv_cli.measure.latency import measure
    from mbconv_cli.pytorch.built_network import build, images_to_settle, settle

    if allocator == "keep":
        keep_memory()
    torch.set_num_threads(threads)
    plan = open_network(network).plan
    module = build(plan, torch.device("cpu"))
    settle(module, torch.randn(images_to_settle(plan), *plan.input_shape))
    images = torch.randn(1, *plan.input_shape)

    class TakingTurns(HostClock):
        """Waits for the next turn before a pass when one is over; the waiting is no time of the measurement."""

        waited = 0.0
        until = 0.0

        def start(self) -> None:
            if time.monotonic() >= self.until:
                began = time.monotonic()
                print(TURN, flush=True)
                sys.stdin.readline()
                for _ in range(PASSES_TO_RESUME):
                    module.run(images, None)
                self.waited += time.monotonic() - began
                self.until = time.monotonic() + TURN_SECONDS
            super().start()

    clock = TakingTurns()
    with torch.inference_mode():
        found = measure(
            lambda stamp: module.run(images, stamp),
            clock,
            budget_of_process(Budget(), None),
            now=lambda: time.monotonic() - clock.waited,
        )
    print(json.dumps((median(found.end_to_end), median_interval(found.end_to_end).precision)), flush=True)


class Worker:
    """A process that measures in turns."""

    def __init__(self, options: Sequence[str]) -> None:
        command = [sys.executable, __file__, *options, "--one"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._said = iter(self._process.stdout or ())
        next(self._said)  # it waits for its first turn

    def turn(self) -> tuple[float, float] | None:
        """Let it measure for a while; its median in ms and how precisely it knows it, once it has that."""
        if self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        said = next(self._said).strip()
        if said == TURN:
            return None
        value, precision = json.loads(said)
        self._process.communicate()
        return value, precision


def medians(options: Sequence[str], processes: int) -> list[tuple[float, float]]:
    """Each process's median in ms, and how precisely it knows it by itself."""
    waiting = [Worker(options) for _ in range(processes)]
    found = []
    while waiting:
        for worker in random.sample(waiting, len(waiting)):
            if figures := worker.turn():
                found.append(figures)
                waiting.remove(worker)
    return found


def findings(found: Sequence[tuple[float, float]]) -> list[str]:
    """How often intervals of some processes, and of one, held the median of all."""
    values = [value for value, _ in found]
    whole = median(values)
    generator = random.Random(0)  # noqa: S311 - draws, no secret
    drawn = [process_mean(generator.sample(values, DEFAULT_PROCESSES)) for _ in range(DRAWS)]
    held = fmean(one.low <= whole <= one.high for one in drawn)
    alone = sum(abs(value - whole) <= precision * value for value, precision in found)
    return [
        (
            f"{100 * held:.1f} % of the intervals of {DEFAULT_PROCESSES} processes held the median of all; "
            f"half an interval: {100 * median(one.precision for one in drawn):.2f} % (median)"
        ),
        f"{alone} of {len(found)} intervals of one process did ({100 * median(p for _, p in found):.2f} %)",
        f"median of all {whole:.3f} ms; standard deviation between processes {100 * stdev(values) / whole:.2f} %",
    ]


def main() -> None:
    """Measure, print, and keep the raw figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="efficientnet-b0")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--allocator", default="keep")
    parser.add_argument("--processes", type=int, default=40)
    parser.add_argument("--csv", type=Path, default=Path("processes-in-turn.csv"), help="where the raw figures go")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        take_turns(given.network, given.threads, given.allocator)
        return
    options = ("--network", given.network, "--threads", str(given.threads), "--allocator", given.allocator)
    found = medians(options, given.processes)
    with given.csv.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("latency_ms", "precision"), *found])
    for line in findings(found):
        print(line)
    print(f"{given.network}, {given.threads} threads, allocator {given.allocator}; raw figures in {given.csv}")


if __name__ == "__main__":
    main()

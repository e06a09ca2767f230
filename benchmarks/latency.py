"""Whether the latencies that `mbconv profile` tells can be believed, on the CPU, beside other ways to find them.

For each network, number of threads and batch size, each run in a process of its own, in one invocation:

1. off: how far the sum of the layers is from end to end, |sum - end to end| / end to end. Goal: at most 2 %.
   Beside it the same figure of forward hooks, of torch.profiler's self CPU times, and of layers timed alone in a loop.
2. slower: by how much the pass with time stamps is slower than the plain one. Goal: at most 1 %.
   Beside it that of a pass with hooks, and of one under torch.profiler.
3. Timer: end to end over what torch.utils.benchmark.Timer(...).blocked_autorange() says of the same module, both in
   turn. Goal: within 2 % of 1.
4. peer: the built module over torchvision's of the same network with the same weights, both in turn. Goal: at most
   1.00. Not every network is in torchvision.

A figure is the median of the runs (of 1, the median of the differences without their signs). The raw figures of every
run, with signs, go into a CSV file. The defaults take some 15 minutes on two cores, which should have nothing else
to do.

5. With `--coverage N` instead: N profiles of one network, and how many of their 95 % intervals held the median of all
   (see `interval_coverage.py`, and `processes_in_turn.py` for the same without the machine's drift).

    python benchmarks/latency.py [--networks NAME,...] [--threads N,...] [--batch-sizes N,...] [--runs N]
                                 [--seconds S] [--allocator keep] [--csv FILE] [--coverage N]
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias

import torch
from forward import PEERS, ratio
from interval_coverage import print_coverage
from torch import Tensor
from ways_of_timing import Pass, alone, plain, timer_median, with_hooks, with_profiler

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.machine.allocator import keep_memory
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import HostClock
from mbconv_cli.measure.execution import DEFAULT, Allocator
from mbconv_cli.measure.latency import Measurement, Stamp, collector_off, measure
from mbconv_cli.measure.statistics.estimates import median_interval, midmeans
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import Network, build, settle

NETWORKS: Final = ("efficientnet-b0", "mobilenet-v3-large", "mobilenet-v3-small", "mobilenet-v2", "mnasnet-a1")
BATCH_SIZES: Final = (1, 8)
INSTRUMENT_SHARE, PEERS_SHARE, TIMER_SHARE, TORCHVISION_SHARE = 0.4, 0.2, 0.2, 0.2
BLOCK: Final = 3
TIMER_BLOCKS: Final = 4

Figures: TypeAlias = dict[str, float]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is measured."""

    network: str
    threads: int
    batch_size: int
    allocator: str


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure's name in the table, and the most it may be; what has no bound is there to compare with."""

    key: str
    title: str
    bound: float | None = None
    percent: bool = True

    def passes(self, value: float) -> bool:
        """Whether the bound holds: around 1 on both sides for the Timer."""
        distance = abs(value - 1) if self.key == "timer_ratio" else value
        return self.bound is None or distance <= self.bound

    def told(self, value: float | None) -> str:
        """The cell: the figure, with `!` behind it where it misses its bound."""
        if value is None:
            return "-"
        text = f"{100 * value:.1f}%" if self.percent else f"{value:.3f}"
        return text if self.bound is None else text + (" " if self.passes(value) else "!")


GOALS: Final = (
    Goal("off_layers", "off", 0.02),
    Goal("off_hooks", "hooks"),
    Goal("off_profiler", "profiler"),
    Goal("off_alone", "alone"),
    Goal("slower_stamps", "slower", 0.01),
    Goal("slower_hooks", "hooks"),
    Goal("slower_profiler", "profiler"),
    Goal("timer_ratio", "Timer", 0.02, percent=False),
    Goal("peer_ratio", "peer", 1.0, percent=False),
)


def run_once(configuration: Configuration, seconds: float) -> Figures:
    """All figures of one configuration, in this process."""
    if configuration.allocator == Allocator.KEEP.value:
        keep_memory()
    torch.set_num_threads(configuration.threads)
    plan = open_network(configuration.network).plan
    network = build(plan, torch.device("cpu"))
    images = torch.randn(configuration.batch_size, *plan.input_shape)
    settle(network, images[:1])
    with torch.inference_mode(), collector_off():
        figures = _instrument(plan, network, images, INSTRUMENT_SHARE * seconds)
        figures |= _peers(plan, network, images, PEERS_SHARE * seconds)
        figures["timer_ratio"] = _timer_ratio(network, images, configuration.threads, TIMER_SHARE * seconds)
    if configuration.network in PEERS:
        share = TORCHVISION_SHARE * seconds
        figures["peer_ratio"] = ratio(configuration.network, configuration.threads, share, configuration.batch_size)
    return figures


def _measure(network: Network, images: Tensor, seconds: float, warm_up: float) -> Measurement:
    """Plain and stamped passes in turn, as `mbconv profile` takes them, for so long."""

    def one_pass(stamp: Stamp | None) -> object:
        return network.run(images, stamp)

    budget = Budget(precision=0.0, min_seconds=0.0, max_seconds=seconds, min_rounds=2 * BLOCK, warm_up_seconds=warm_up)
    return measure(one_pass, HostClock(), budget)


def _instrument(plan: Plan, network: Network, images: Tensor, seconds: float) -> Figures:
    measured = _measure(network, images, seconds, warm_up=seconds / 2)
    end_to_end = median_interval(measured.end_to_end).value
    layers = midmeans(measured.layers, [range(len(plan.ops))])[0].value
    stamped = median(math.fsum(times) for times in measured.layers)
    return {
        "rounds": len(measured.layers),
        "end_to_end_ms": end_to_end,
        "off_layers": layers / end_to_end - 1,
        "slower_stamps": stamped / end_to_end - 1,
    }


def _peers(plan: Plan, network: Network, images: Tensor, seconds: float) -> Figures:
    """The other ways, each in turn with plain passes."""
    with_profiler(network, images, 1)  # the first profile of a process starts its machinery
    wholes: list[float] = []
    hooked: list[Pass] = []
    profiled: list[Pass] = []
    for _ in _for(seconds, at_least=2):
        wholes += plain(network, images, BLOCK)
        hooked += with_hooks(network, images, BLOCK)
        profiled += with_profiler(network, images, BLOCK)
    end_to_end = median(wholes)
    return {
        "off_hooks": median(found.layers for found in hooked) / end_to_end - 1,
        "off_profiler": median(found.layers for found in profiled) / end_to_end - 1,
        "off_alone": alone(plan, images) / end_to_end - 1,
        "slower_hooks": median(found.whole for found in hooked) / end_to_end - 1,
        "slower_profiler": median(found.whole for found in profiled) / end_to_end - 1,
    }


def _timer_ratio(network: Network, images: Tensor, threads: int, seconds: float) -> float:
    """The instrument's end-to-end median over the Timer's, in blocks of about the same length in turn."""
    block = seconds / TIMER_BLOCKS / 2
    ours: list[float] = []
    timers: list[float] = []
    for _ in _for(seconds, at_least=2):
        ours += _measure(network, images, block, warm_up=0.0).end_to_end
        timers.append(timer_median(network, images, threads, block))
    return median(ours) / median(timers)


def _for(seconds: float, at_least: int) -> Iterator[int]:
    """Counts until the time is over, and to `at_least` in any case."""
    started = time.monotonic()
    for count in itertools.count():
        if count >= at_least and time.monotonic() - started >= seconds:
            return
        yield count


def run_in_process(configuration: Configuration, seconds: float) -> Figures:
    """The figures of one run, from a process of its own."""
    given = json.dumps([asdict(configuration), seconds])
    done = subprocess.run((sys.executable, __file__, "--one", given), check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)  # else it holds only what torch.profiler says of itself
    figures: Figures = json.loads(done.stdout)
    return figures


def of_all_runs(runs: Sequence[Figures], goal: Goal) -> float | None:
    """The median over the runs; of how far the layers are off without the sign."""
    found = [run[goal.key] for run in runs if goal.key in run]
    if not found:
        return None
    return median(map(abs, found)) if goal.key.startswith("off_") else median(found)


def print_row(configuration: Configuration, runs: Sequence[Figures]) -> list[str]:
    """Print a configuration's medians; tells which goals it misses."""
    medians = {goal: of_all_runs(runs, goal) for goal in GOALS}
    missed = [goal.title for goal, value in medians.items() if value is not None and not goal.passes(value)]
    cells = " ".join(f"{goal.told(value):>9}" for goal, value in medians.items())
    milliseconds = median(run["end_to_end_ms"] for run in runs)
    where = f"{configuration.network:19}{configuration.threads:>3}{configuration.batch_size:>4}{milliseconds:>9.2f}"
    print(f"{where} {cells}  {'fail: ' + ', '.join(missed) if missed else 'pass'}", flush=True)
    return missed


def compare(configurations: Sequence[Configuration], runs: int, seconds: float, raw: Path) -> None:
    """Run everything, print a row for each configuration, and write the raw figures."""
    print(f"median of {runs} processes each; off, slower: of end to end; Timer, peer: ratios; ! misses the goal")
    titles = " ".join(f"{goal.title:>9}" for goal in GOALS)
    print(f"{'network':19}{'thr':>3}{'n':>4}{'ms':>9} {titles}  goals")
    started, missed = time.monotonic(), list[str]()
    with raw.open("w", encoding="utf-8", newline="") as file:
        keys = (
            "network",
            "threads",
            "batch_size",
            "allocator",
            "run",
            "rounds",
            "end_to_end_ms",
            *(goal.key for goal in GOALS),
        )
        writer = csv.DictWriter(file, keys)
        writer.writeheader()
        for configuration in configurations:
            found = [run_in_process(configuration, seconds) for _ in range(runs)]
            writer.writerows({**asdict(configuration), "run": run, **figures} for run, figures in enumerate(found))
            file.flush()
            missed += print_row(configuration, found)
    _print_summary(len(configurations), missed, time.monotonic() - started, raw)


def _print_summary(count: int, missed: Sequence[str], seconds: float, raw: Path) -> None:
    for goal in GOALS:
        if goal.bound is not None:
            print(f"{goal.title}: {missed.count(goal.title)} of {count} configurations miss the goal")
    print(f"{seconds / 60:.1f} minutes; raw figures in {raw}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--threads", default=",".join(map(str, sorted({1, torch.get_num_threads()}))))
    parser.add_argument("--batch-sizes", default=",".join(map(str, BATCH_SIZES)))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of measuring in each process, more or less")
    parser.add_argument("--csv", type=Path, default=Path("latency.csv"), help="where the raw figures go")
    parser.add_argument("--coverage", type=int, metavar="N", help="N profiles of the first network instead")
    parser.add_argument("--allocator", default=DEFAULT.memory.value, help="keep or system: as in `mbconv profile`")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def main(asked: argparse.Namespace) -> None:
    """Compare all configurations, or find how often the intervals hold what they promise."""
    networks = asked.networks.split(",")
    threads = [int(number) for number in asked.threads.split(",")]
    if asked.coverage:
        print_coverage(networks[0], threads[-1], asked.allocator, asked.coverage, asked.csv)
        return
    batch_sizes = [int(number) for number in asked.batch_sizes.split(",")]
    configurations = [
        Configuration(*values, asked.allocator) for values in itertools.product(networks, threads, batch_sizes)
    ]
    compare(configurations, asked.runs, asked.seconds, asked.csv)


def _one(given: str) -> Mapping[str, float]:
    configuration, seconds = json.loads(given)
    return run_once(Configuration(**configuration), seconds)


if __name__ == "__main__":
    arguments = _arguments()
    if arguments.one:
        print(json.dumps(_one(arguments.one)))
    else:
        main(arguments)

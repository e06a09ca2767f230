"""How often the latency gate of `mbconv check` raises a false alarm, and which slowdowns it finds, on this machine.

`collect` starts fresh processes with the command's own machinery. Each measures, for every network, one interleaved
set: the network, the network again (A/A), and the network with real work added (some of its ops run twice) of about 2,
3, 5 and 10 %. A line of the CSV is what one process says of one candidate: the estimate, the ratio and all rounds'
times. A process of the command measures two candidates a set; with six in one set of as many seconds each gets a third
of these rounds, so an estimate here is at best as good as the command's. `--sizes 0` leaves two candidates: exactly the
command's own process. `--load 1` keeps another core busy meanwhile. What is in the file is continued.

`evaluate` cuts the processes, in their order, into consecutive runs as the command would make them, and judges each.

    python benchmarks/gate.py collect gate.csv --minutes 30 [--load 1] [--sizes 0,2,3,5,10] [--seconds 0.75]
    python benchmarks/gate.py evaluate gate.csv [--processes 10] [--max-increase 0]
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from statistics import NormalDist, fmean, median, stdev

from mbconv_cli.analysis.check_latency import GATE_SECONDS
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.plan.ops import Activation, BatchNorm, Conv2d, Op, Plan, Value
from mbconv_cli.report.verdict import Verdict
from mbconv_cli.runtime.devices import DeviceChoice
from mbconv_cli.runtime.launch import launch_process
from mbconv_cli.runtime.processes import Request
from mbconv_cli.runtime.regression import Judgement, Mean, judge, trimmed_mean
from mbconv_cli.runtime.student import incomplete_beta
from mbconv_cli.spec.check_config import DEFAULT_PROCESSES

NETWORKS = ("efficientnet-b0", "mobilenet-v3-small")
SAME = "again"
FIELDS = ("load", "process", "network", "candidate", "copies", "latency_ms", "ratio", "wall_s", "rounds_ms")
MARGIN = 0.03
MANN_WHITNEY_LEVEL = 0.01
RESAMPLED_RUNS = 2_000
CALIBRATION_SECONDS = 5.0


def repeatable(plan: Plan) -> list[int]:
    """The ops that can run twice in a row, since they keep the shape, in a random order that is always the same."""
    kinds = (Activation, BatchNorm)
    keep = [
        index
        for index, op in enumerate(plan.ops)
        if op.inputs[0].shape == op.output.shape
        and (isinstance(op.kind, kinds) or (isinstance(op.kind, Conv2d) and op.kind.groups == op.kind.in_channels))
    ]
    random.Random(0).shuffle(keep)  # noqa: S311 - an order, no secret
    return keep


def with_copies(plan: Plan, copies: int) -> Plan:
    """The network with so many ops more: one op after the other runs once again, and what followed reads the copy."""
    order = repeatable(plan)
    extra = {index: copies // len(order) + (rank < copies % len(order)) for rank, index in enumerate(order)}
    ops: list[Op] = []
    renamed: dict[str, Value] = {}
    for index, op in enumerate(plan.ops):
        ops.append(op._replace(inputs=tuple(renamed.get(value.name, value) for value in op.inputs)))
        for copy in range(extra.get(index, 0)):
            again = Value(f"{op.name}_{copy + 2}", op.output.shape)
            ops.append(op._replace(inputs=(ops[-1].output,), output=again))
            renamed[op.name] = again
    return replace(plan, ops=tuple(ops))


def calibrated(plan: Plan, percent: int) -> int:
    """How many copies make about so many percent, by one measurement of every op run twice."""
    count = len(repeatable(plan))
    request = Request(((plan, with_copies(plan, count)),), DeviceChoice("cpu"), seconds=CALIBRATION_SECONDS)
    return max(1, round(count * percent / 100 / (launch_process(request, lambda _: None).latency_ratio[0][1] - 1)))


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many other processes that never rest."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def collect(path: Path, minutes: float, load: int, sizes: Sequence[int], seconds: float) -> None:
    """Add processes to the file until the time is over; the file may be there from an earlier time."""
    known = read(path) if path.exists() else []
    plans = {network: open_network(network).plan for network in NETWORKS}
    copies = {(row["network"], row["candidate"]): int(row["copies"]) for row in known}
    for network, plan in plans.items():
        for percent in sizes:
            label = candidate_label(percent)
            if (network, label) not in copies:
                copies[network, label] = calibrated(plan, percent) if percent else 0
    labels = ["base", *map(candidate_label, sizes)]
    sets = tuple(tuple(with_copies(p, copies.get((n, label), 0)) for label in labels) for n, p in plans.items())
    process = 1 + max((int(row["process"]) for row in known), default=-1)
    deadline = time.monotonic() + 60 * minutes
    with busy(load), path.open("a", encoding="utf-8", newline="") as stream:
        if not known:
            csv.writer(stream).writerow(FIELDS)
        while time.monotonic() < deadline:
            lines = one_process(sets, labels, copies, process, load, seconds)
            csv.writer(stream).writerows(lines)
            stream.flush()
            process += 1


def one_process(
    sets: tuple[tuple[Plan, ...], ...],
    labels: Sequence[str],
    copies: dict[tuple[str, str], int],
    process: int,
    load: int,
    seconds: float,
) -> list[tuple[object, ...]]:
    """The lines of a fresh process, whose number is the seed of its orders."""
    started = time.monotonic()
    request = Request(sets, DeviceChoice("cpu"), seconds=seconds, seed=process, keep_rounds=True)
    found = launch_process(request, lambda _: None)
    wall = round(time.monotonic() - started, 2)
    lines: list[tuple[object, ...]] = []
    for network, times, ratios, rounds in zip(
        NETWORKS, found.latency_ms, found.latency_ratio, found.round_ms, strict=True
    ):
        for index, label in enumerate(labels):
            samples = ";".join(f"{one[index]:.3f}" for one in rounds)
            made = copies.get((network, label), 0)
            lines.append((load, process, network, label, made, times[index], ratios[index], wall, samples))
    return lines


def candidate_label(percent: int) -> str:
    """How a candidate with so much added work is called."""
    return f"+{percent}%" if percent else SAME


def read(path: Path) -> list[dict[str, str]]:
    """All lines of the file."""
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@dataclass(frozen=True, slots=True)
class Series:
    """What all processes say of one candidate, in their order: ratios, and the rounds of the base and of itself."""

    ratios: list[float]
    base_ms: list[list[float]]
    head_ms: list[list[float]]


def series(rows: Sequence[dict[str, str]]) -> dict[tuple[str, str, str], Series]:
    """By load, network and candidate."""
    rounds = {
        (row["process"], row["network"], row["candidate"]): [float(ms) for ms in row["rounds_ms"].split(";")]
        for row in rows
    }
    found: dict[tuple[str, str, str], Series] = defaultdict(lambda: Series([], [], []))
    for row in sorted(rows, key=lambda row: int(row["process"])):
        if row["candidate"] != "base":
            one = found[row["load"], row["network"], row["candidate"]]
            one.ratios.append(float(row["ratio"]))
            one.base_ms.append(rounds[row["process"], row["network"], "base"])
            one.head_ms.append(rounds[row["process"], row["network"], row["candidate"]])
    return found


def evaluate(path: Path, processes: int, max_increase: float) -> None:
    """Print the rates of each load, network and candidate, and what is said to be detectable against what is."""
    allowed = 1 + max_increase / 100
    print(f"runs of {processes} processes, max_increase {max_increase:g} %; rates are of consecutive runs")
    for (load, network, candidate), one in sorted(series(read(path)).items(), key=lambda item: str(item[0])):
        starts = range(0, len(one.ratios) - processes + 1, processes)
        runs = [one.ratios[start : start + processes] for start in starts]
        judged = [judged_run(run, allowed) for run in runs]
        fails, passes = (sum(j.verdict is v for j in judged) for v in (Verdict.FAIL, Verdict.PASS))
        pooled = sum(
            mann_whitney(list(chain(*one.base_ms[s : s + processes])), list(chain(*one.head_ms[s : s + processes])))
            < MANN_WHITNEY_LEVEL
            for s in starts
        )
        size = 100 * (math.exp(fmean(map(math.log, one.ratios))) - 1)
        print(
            f"load {load}  {network:18} {candidate:6} true {size:+6.2f} % ({len(one.ratios)} processes)  "
            f"fail {rate(fails, len(runs))}  pass {rate(passes, len(runs))}  "
            f"inconclusive {rate(len(runs) - fails - passes, len(runs))}  pooled Mann-Whitney {rate(pooled, len(runs))}"
        )
        if candidate == SAME and len(runs) > 1:
            print_resolution(one.ratios, judged, processes, allowed)


def print_resolution(ratios: Sequence[float], judged: Sequence[Judgement], processes: int, allowed: float) -> None:
    """Of A/A data: the spread, runs drawn at random, and the detectable slowdown, as told and as it is."""
    order = random.Random(0)  # noqa: S311 - which runs are drawn, no secret
    drawn = [order.sample(list(ratios), processes) for _ in range(RESAMPLED_RUNS)] if len(ratios) > processes else []
    alarms = sum(judged_run(run, allowed).verdict is Verdict.FAIL for run in drawn)
    means = [trimmed_mean([ratio * allowed for ratio in run]) for run in drawn]
    centre = fmean(math.log(ratio) for ratio in ratios)
    found = detected_size(means, allowed, centre)
    told = median(judgement.detectable for judgement in judged)
    print(
        f"    sd of log ratios {100 * stdev(map(math.log, ratios)):.2f} %; of {len(drawn)} runs drawn at random "
        f"{alarms} fail; detectable as told {100 * told:.2f} %, as found (90 % of these runs, shifted) "
        f"{100 * found:.2f} %: factor {told / found:.2f}"
    )


def detected_size(means: Sequence[Mean], allowed: float, centre: float) -> float:
    """The slowdown beyond what is allowed that nine in ten runs find, if all of them were so much slower."""
    low, high = 0.0, 1.0
    while high - low > 1e-5:
        middle = (low + high) / 2
        shifted = [replace(mean, value=mean.value - centre + math.log1p(middle)) for mean in means]
        found = sum(judge(mean, allowed, MARGIN, 1).verdict is Verdict.FAIL for mean in shifted)
        low, high = (low, middle) if found >= 0.9 * len(means) else (middle, high)
    return high


def judged_run(ratios: Sequence[float], allowed: float) -> Judgement:
    """As the command judges one network."""
    return judge(trimmed_mean(ratios), allowed, MARGIN / allowed, 1)


def mann_whitney(base: Sequence[float], head: Sequence[float]) -> float:
    """One-sided p that the head is slower, from all rounds pooled as if independent.

    The normal approximation with a correction for ties (Hollander, Wolfe and Chicken, Nonparametric Statistical
    Methods, section 4.1).
    """
    pooled = sorted([(ms, 0) for ms in base] + [(ms, 1) for ms in head])
    ranks, ties, start = 0.0, 0.0, 0
    while start < len(pooled):
        end = start
        while end < len(pooled) and pooled[end][0] == pooled[start][0]:
            end += 1
        ranks += (start + end + 1) / 2 * sum(which for _, which in pooled[start:end])
        ties += (end - start) ** 3 - (end - start)
        start = end
    m, n, both = len(base), len(head), len(pooled)
    deviation = math.sqrt(m * n / 12 * (both + 1 - ties / (both * (both - 1))))
    above = ranks - n * (n + 1) / 2 - m * n / 2
    return 1 - NormalDist().cdf((above - 0.5) / deviation) if deviation else 1.0


def rate(count: int, runs: int) -> str:
    """A share with its 95 % bounds, each one-sided (Clopper and Pearson, Biometrika 26, 1934, 404-413)."""
    if not runs:
        return "-"
    low, high = 1 - beta_quantile(runs - count + 1, count), beta_quantile(count + 1, runs - count)
    return f"{count}/{runs} ({100 * low:.1f} to {100 * high:.1f} %)"


def beta_quantile(a: float, b: float) -> float:
    """The 95 % quantile of a beta distribution; one where the distribution has shrunk to that."""
    if b == 0:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < 0.95 else (low, middle)
    return high


def main() -> None:
    """Collect or evaluate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("csv", type=Path)
    collecting.add_argument("--minutes", type=float, default=30.0)
    collecting.add_argument("--load", type=int, default=0, help="other processes that never rest")
    collecting.add_argument("--sizes", default="0,2,3,5,10", help="percent of added work; 0 is the network again")
    collecting.add_argument("--seconds", type=float, default=GATE_SECONDS, help="for each network's set")
    evaluating = commands.add_parser("evaluate")
    evaluating.add_argument("csv", type=Path)
    evaluating.add_argument("--processes", type=int, default=DEFAULT_PROCESSES, help="of a run of the command")
    evaluating.add_argument("--max-increase", type=float, default=0.0, help="percent")
    given = parser.parse_args()
    if given.command == "collect":
        collect(given.csv, given.minutes, given.load, [int(size) for size in given.sizes.split(",")], given.seconds)
    else:
        evaluate(given.csv, given.processes, given.max_increase)


if __name__ == "__main__":
    main()

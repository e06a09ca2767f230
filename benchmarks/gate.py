"""How often the latency gate of `mbconv check` raises a false alarm, and which slowdowns it finds, on this machine.

`collect` starts fresh processes with the command's own machinery and its defaults, number of threads included. Each
measures pairs one after the other, as the command measures the networks of a config: every network and the network
again (A/A); and every network and itself with real work added (some of its ops run twice), of about 2, 3, 5 and 10 %.
`--sizes` says which of them, 0 being the network again. A line of the CSV is what one process says of one candidate:
the estimate, the ratio to the base above it, and all rounds' times. `--load 1` keeps another core busy meanwhile. A
file that is there is continued, until it has `--enough` processes; so the same command goes on after an interruption.
At the end the file is evaluated.

`evaluate` judges the processes as the command would have (see `gate_evidence.py`), from one file or several.

    python benchmarks/gate.py collect gate.csv --minutes 30 --enough 150 [--load 1] [--sizes 0,2,3,5,10]
    python benchmarks/gate.py evaluate gate.csv ... [--processes 10] [--max-increase 0,2] [--csv results.csv]
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from gate_evidence import BASE, SAME, evaluate, read

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.check.config import DEFAULT_PROCESSES, LatencySettings
from mbconv_cli.check.measured_judgement import GATE_SECONDS
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.processes.comparisons import Request, launch_process
from mbconv_cli.plan.op_kinds import Activation, BatchNorm, Conv2d
from mbconv_cli.plan.ops import Op, Plan, Value

NETWORKS = ("efficientnet-b0", "mobilenet-v3-small")
FIELDS = ("load", "process", "network", "candidate", "copies", "latency_ms", "ratio", "wall_s", "rounds_ms")
CALIBRATION_SECONDS = 5.0
THREADS = LatencySettings().threads

Candidate: TypeAlias = tuple[str, str, int]
"""The network, what it is called beside its base, and how many ops run once more in it."""


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
    request = Request(
        ((plan, with_copies(plan, count)),), DeviceChoice("cpu"), threads=THREADS, seconds=CALIBRATION_SECONDS
    )
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


def collect(path: Path, minutes: float, enough: int, load: int, sizes: Sequence[int], seconds: float) -> None:
    """Add processes to the file until it has enough or the time is over; it may be there from an earlier time."""
    known = continued(path)
    plans = {network: open_network(network).plan for network in NETWORKS}
    sets = candidate_sets(plans, sizes, {(row["network"], row["candidate"]): int(row["copies"]) for row in known})
    process = 1 + max((int(row["process"]) for row in known), default=-1)
    deadline = time.monotonic() + 60 * minutes
    with busy(load), path.open("a", encoding="utf-8", newline="") as stream:
        if not stream.tell():
            csv.writer(stream).writerow(FIELDS)
        while process < enough and time.monotonic() < deadline:
            csv.writer(stream).writerows(one_process(plans, sets, process, load, seconds))
            stream.flush()
            process += 1


def continued(path: Path) -> list[dict[str, str]]:
    """What is in the file, which loses a last line that an interruption cut off."""
    if not path.exists():
        return []
    whole = path.read_bytes()
    if not whole.endswith(b"\n"):
        path.write_bytes(whole[: whole.rfind(b"\n") + 1])
    return read(path)


def candidate_sets(
    plans: Mapping[str, Plan], sizes: Sequence[int], copies: Mapping[tuple[str, str], int]
) -> list[list[Candidate]]:
    """What takes turns with each other: a network and itself with added work; copies are counted unless known."""
    sets: list[list[Candidate]] = []
    for network, plan in plans.items():
        for percent in sizes:
            label = f"+{percent}%" if percent else SAME
            count = 0 if not percent else copies.get((network, label)) or calibrated(plan, percent)
            sets.append([(network, BASE, 0), (network, label, count)])
    return sets


def one_process(
    plans: Mapping[str, Plan], sets: Sequence[Sequence[Candidate]], process: int, load: int, seconds: float
) -> list[tuple[object, ...]]:
    """The lines of a fresh process, whose number is the seed of its orders."""
    started = time.monotonic()
    built = tuple(tuple(with_copies(plans[network], copies) for network, _, copies in one) for one in sets)
    request = Request(built, DeviceChoice("cpu"), threads=THREADS, seconds=seconds, seed=process, keep_rounds=True)
    found = launch_process(request, lambda _: None)
    wall = round(time.monotonic() - started, 2)
    figures = zip(
        chain(*sets),
        chain(*found.latency_ms),
        chain(*found.latency_ratio),
        chain.from_iterable(zip(*rounds, strict=True) for rounds in found.round_ms),
        strict=True,
    )
    return [
        (load, process, *candidate, times, ratio, wall, ";".join(f"{ms:.3f}" for ms in rounds))
        for candidate, times, ratio, rounds in figures
    ]


def main() -> None:
    """Collect or evaluate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("csv", type=Path)
    collecting.add_argument("--minutes", type=float, default=30.0)
    collecting.add_argument("--enough", type=int, default=10_000, help="processes in the file")
    collecting.add_argument("--load", type=int, default=0, help="other processes that never rest")
    collecting.add_argument("--sizes", default="0,2,3,5,10", help="percent of added work; 0 is the network again")
    collecting.add_argument("--seconds", type=float, default=GATE_SECONDS, help="for each set")
    evaluating = commands.add_parser("evaluate")
    evaluating.add_argument("files", type=Path, nargs="+")
    evaluating.add_argument("--processes", type=int, default=DEFAULT_PROCESSES, help="of a run of the command")
    evaluating.add_argument("--max-increase", default="0,2", help="percent; each is evaluated")
    evaluating.add_argument("--csv", type=Path, help="a file for the results")
    given = parser.parse_args()
    if given.command == "collect":
        sizes = [int(size) for size in given.sizes.split(",")]
        collect(given.csv, given.minutes, given.enough, given.load, sizes, given.seconds)
        evaluate([given.csv], DEFAULT_PROCESSES, [0.0, 2.0], None)
    else:
        evaluate(given.files, given.processes, [float(share) for share in given.max_increase.split(",")], given.csv)


if __name__ == "__main__":
    main()

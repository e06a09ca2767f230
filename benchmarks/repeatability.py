"""Whether a second run confirms a latency: all evidence of it, from one command, with its raw data.

In an idle and in a busy mode (a program that keeps one core busy) it takes default profiles of two networks in turn, at
each number of threads; processes of the gate's kind that compare a network with itself; passes with and without the
reference workload beside them; and what `mbconv profile` prints with one and two busy cores. Raw and new estimates are
computed from the same samples. Every result is appended to `raw.jsonl` in the folder at once: a run that was cut off is
continued, and `--evaluate` computes the tables again from what is there.

    python benchmarks/repeatability.py FOLDER [--runs 40] [--minutes 35] [--modes idle,busy] [--threads 1,default]
                                       [--evaluate] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from repeatability_evidence import page

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest, run_benches
from mbconv_cli.analysis.profile.reconciliation import headline
from mbconv_cli.analysis.profile.usability import unusable_reason
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.machine.threads import thread_choice
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.processes.launch import fresh_process

NETWORKS: Final = ("efficientnet-b0", "mobilenet-v3-small")
BUSY_CORES: Final = {"idle": 0, "busy": 1, "two busy": 2}
GATE_PROCESSES: Final = 60
GATE_SECONDS: Final = 0.75
STRETCH_SECONDS: Final = 6.0
STRETCH_PROCESSES: Final = 4
# Of the time: profiles take most; what is left of a part goes to the later ones.
SHARES: Final = {"printed": 0.03, "stretches": 0.04, "profiles": 0.68, "gate": 0.25}

Record: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to measure once: what `kind` it is, in which mode, of which network, with how many threads."""

    kind: str
    mode: str
    network: str
    threads: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        """By which its results are counted."""
        return (self.kind, self.mode, self.network, self.threads)


def turns(options: argparse.Namespace) -> Iterator[tuple[float, list[Task], int]]:
    """Groups of tasks that take turns, each with its share of the time and how often each is wanted."""
    modes = options.modes.split(",")
    threads = sorted(
        {thread_choice(None if text == "default" else int(text)).count for text in options.threads.split(",")}
    )
    networks = NETWORKS[1:] if options.quick else NETWORKS
    default = thread_choice(None).count
    printed = [Task("printed", mode, NETWORKS[0], default) for mode in BUSY_CORES if mode != "idle" and "busy" in modes]
    yield SHARES["printed"], printed, 1
    yield SHARES["stretches"], [Task("stretches", "idle", one, default) for one in networks], options.stretches
    for mode in modes:
        profiles = [Task("profile", mode, one, count) for one in networks for count in threads]
        yield SHARES["profiles"] / len(modes), profiles, options.runs
        yield SHARES["gate"] / len(modes), [Task("gate", mode, one, default) for one in networks], options.gate


def collect(options: argparse.Namespace, now: Callable[[], float] = time.monotonic) -> None:
    """Take all tasks that are not in the file yet, group by group, each group in its time."""
    file = options.folder / "raw.jsonl"
    done = Counter(tuple(record["key"]) for record in read(file))
    groups, left = list(turns(options)), 60 * options.minutes
    for index, (share, tasks, wanted) in enumerate(groups):
        limit = left * share / sum(later for later, *_ in groups[index:])
        began = now()
        for number in range(wanted):
            for task in tasks:
                if done[task.key] > number or now() - began > limit:
                    continue
                with busy(BUSY_CORES[task.mode]):
                    keep(file, {"key": task.key, "number": number, **measured(task, number)})
                print(f"{now() - began:5.0f} of {limit:.0f} s  {number + 1:3} of {wanted}  {task}", flush=True)
        left -= now() - began


def measured(task: Task, number: int) -> Record:
    """What comes of a task."""
    match task.kind:
        case "profile":
            return profiled(task)
        case "printed":
            return {"text": printed(task)}
        case "gate":
            function, arguments = "aa_rounds", {"seconds": GATE_SECONDS, "seed": number}
        case _:
            function, arguments = "stretches", {"seconds": STRETCH_SECONDS}
    with fresh_process(f"repeatability_process:{function}") as process:
        found: Record = process.call(**arguments, network=task.network, threads=task.threads, progress=lambda _: None)
    return found


def profiled(task: Task) -> Record:
    """A default profile: its headline, its interval, and all samples of passes and of the reference workload."""
    plan = open_network(task.network).plan
    request = LatencyRequest(DeviceChoice("cpu"), budget_for(None, None), lambda _: None, None)
    began = time.monotonic()
    (bench,) = run_benches(plan, plan_costs(plan), Execution(threads=task.threads), (1,), request)
    found, measurement = headline(bench), bench.measurement
    return {
        "wall_s": time.monotonic() - began,
        "headline": (found.value, found.low, found.high),
        "unusable": unusable_reason(bench),
        "quiet_ms": bench.quiet.reference_ms if bench.quiet else None,
        "taken_share": measurement.load.taken_share,
        "processes": [samples(one) for one in measurement.by_process],
        "left_out": [samples(one) for one in measurement.left_out],
    }


def samples(one: Measurement) -> Record:
    """A process's samples, rounded to 0.1 us."""
    return {
        "seconds": round(one.seconds, 4),
        "end_to_end": [round(time_ms, 4) for time_ms in one.end_to_end],
        "stamped": [round(sum(times), 4) for times in one.layers],
        "page_faults": one.page_faults,
        "reference": [[round(time_ms, 4) for time_ms in times] for times in one.reference],
    }


def printed(task: Task) -> str:
    """What a user sees of a default profile."""
    command = [sys.executable, "-m", "mbconv_cli", "profile", task.network, "--device", "cpu", "--by", "stage"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@contextmanager
def busy(cores: int) -> Iterator[None]:
    """Other programs keep so many cores busy."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def keep(file: Path, record: Record) -> None:
    """Append a result."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record) + "\n")


def read(file: Path) -> list[Record]:
    """All results so far; a last line that was cut off is none."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def main() -> None:
    """Collect, evaluate, and print the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for raw.jsonl and repeatability.md")
    parser.add_argument("--runs", type=int, default=40, help="profiles of each network, mode and number of threads")
    parser.add_argument("--gate", type=int, default=GATE_PROCESSES, help="processes that compare a network with itself")
    parser.add_argument("--stretches", type=int, default=STRETCH_PROCESSES, help="processes with and without reference")
    parser.add_argument("--minutes", type=float, default=35.0, help="for all of it; what does not fit is left out")
    parser.add_argument("--modes", default="idle,busy")
    parser.add_argument("--threads", default="1,default", help="e.g. 1,default,2")
    parser.add_argument("--evaluate", action="store_true", help="measure nothing")
    parser.add_argument("--quick", action="store_true", help="one network, to see that it works")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    os.environ["MBCONV_CACHE_DIR"] = str(options.folder.resolve() / "cache")
    if not options.evaluate:
        collect(options)
    machine = host_fingerprint() | {"default threads": thread_choice(None).count}
    text = page(read(options.folder / "raw.jsonl"), machine)
    (options.folder / "repeatability.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

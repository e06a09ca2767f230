"""Two runs of `mbconv frontier`: do they agree, how long do they take, and does the order agree with a public one?

    python benchmarks/frontier.py FOLDER [--where 'resolution <= 224'] [--backend torch,onnxruntime] [--threads 1]
        [--processes 5] [--public FILE.csv] [NETWORK...]

FOLDER keeps the turns and both reports: an interrupted script goes on where it was. Printed are each run's wall time
(of this call: turns that were kept cost none), Spearman's correlation between the runs, the networks that swapped
places although their intervals do not overlap, and MobileNetV3 beside the best MobileNetV2 that is no slower.
`--public` is a table of timm's results (columns `model` and `infer_samples_per_sec` or `latency_ms`; a column `network`
has our name where a network's peer is torchvision's), compared by rank.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from mbconv_cli.measure.statistics.rank_correlation import spearman
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load_file

RUNS = 2


@dataclass(frozen=True)
class Row:
    """A network of a run."""

    name: str
    top1: float | None
    latency: float
    low: float
    high: float


def rows_of(report: Mapping[str, Any]) -> dict[str, list[Row]]:
    """The measured rows of each form."""
    return {
        name: [
            Row(row["name"], row.get("top1"), row["latency_ms"], row["latency_ms_low"], row["latency_ms_high"])
            for row in section["rows"]
            if "latency_ms" in row
        ]
        for name, section in report["sections"].items()
        if name != "answers"
    }


def repeated(first: Sequence[Row], second: Sequence[Row]) -> tuple[float, list[tuple[str, str]], int]:
    """Spearman between two runs, the pairs that swapped places without overlapping in both, and all that swapped."""
    other = {row.name: row for row in second}
    pairs = [(row, other[row.name]) for row in first if row.name in other]
    swapped = [
        (a, b) for a, b in combinations(pairs, 2) if (a[0].latency - b[0].latency) * (a[1].latency - b[1].latency) < 0
    ]
    apart = [(a[0].name, b[0].name) for a, b in swapped if not _overlap(a[0], b[0]) or not _overlap(a[1], b[1])]
    return spearman([a.latency for a, _ in pairs], [b.latency for _, b in pairs]), apart, len(swapped)


def _overlap(one: Row, other: Row) -> bool:
    return one.low <= other.high and other.low <= one.high


def at_the_same_latency(rows: Sequence[Row], new: str, old: str) -> list[str]:
    """For each network of a family, the best one of another family that is not slower for sure."""
    lines = []
    for row in rows:
        if row.name.startswith(new) and row.top1 is not None:
            rivals = [r for r in rows if r.name.startswith(old) and r.top1 is not None and r.low <= row.high]
            best = max(rivals, key=lambda rival: rival.top1 or 0.0, default=None)
            beside = "none of that family is as fast" if best is None else _text(best)
            lines.append(f"{_text(row)} | {beside}")
    return lines


def _text(row: Row) -> str:
    return f"{row.name}, {row.top1:.1f} %, {row.latency:.2f} ±{(row.high - row.low) / 2:.2f} ms"


def public_latencies(file: Path) -> dict[str, float]:
    """Latencies by our name where the table has it, else by timm's; or what is proportional to them."""
    found: dict[str, float] = {}
    for line in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
        latency = line.get("latency_ms")
        rate = line.get("infer_samples_per_sec")
        found[line.get("network") or line["model"]] = float(latency) if latency else 1000 / float(rate or "nan")
    return found


def peers() -> dict[str, str]:
    """Shipped networks' names in timm, where their files give them."""
    found: dict[str, str] = {}
    for name, path in shipped().items():
        expect = load_file(path).spec.expect
        if expect is not None and expect.peer and expect.peer.startswith("timm:"):
            found[name] = expect.peer.removeprefix("timm:").partition(".")[0]
    return found


def run(index: int, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """One run, or the rest of it."""
    report = folder / f"run-{index}.json"
    command = [
        sys.executable, "-m", "mbconv_cli", "frontier", *arguments.networks,
        "--backend", arguments.backend, "--threads", arguments.threads, "--processes", str(arguments.processes),
        "--resume", str(folder / f"turns-{index}.jsonl"), "-o", str(report),
        *(part for condition in arguments.where for part in ("--where", condition)),
    ]  # fmt: skip
    began = time.monotonic()
    subprocess.run(command, check=True)
    print(f"run {index}: {time.monotonic() - began:.0f} s", flush=True)
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--where", action="append", default=[])
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--public", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    reports = [run(index, arguments.folder, arguments) for index in range(1, RUNS + 1)]
    first, second = map(rows_of, reports)
    for form, rows in first.items():
        correlation, apart, swapped = repeated(rows, second[form])
        usable = [report["measurement"]["usable"] for report in reports]
        print(f"{form}: {len(rows)} networks, usable {usable}, Spearman between runs {correlation:.4f}")
        print(f"  {swapped} pairs swapped places, {len(apart)} of them with intervals apart: {apart}")
        for line in at_the_same_latency(rows, "mobilenet-v3", "mobilenet-v2"):
            print(f"  {line}")
        if arguments.public:
            _compare_with_public(rows, public_latencies(arguments.public))


def _compare_with_public(rows: Sequence[Row], public: Mapping[str, float]) -> None:
    """Rank correlation, and the networks whose ratio is farthest from the median one."""
    names = peers()
    by_name = {row.name: public.get(row.name, public.get(names.get(row.name, ""))) for row in rows}
    known = [(row, other) for row in rows if (other := by_name[row.name]) is not None]
    print(f"  public table: {len(known)} networks, Spearman {spearman(*_columns(known)):.4f}")
    ratios = sorted((row.latency / other, row.name) for row, other in known)
    middle = ratios[len(ratios) // 2][0] if ratios else 1.0
    for ratio, name in [*ratios[:3], *ratios[-3:]]:
        print(f"    {name}: {ratio / middle:.2f} times the median ratio")


def _columns(known: Sequence[tuple[Row, float]]) -> tuple[list[float], list[float]]:
    return [row.latency for row, _ in known], [other for _, other in known]


if __name__ == "__main__":
    main()

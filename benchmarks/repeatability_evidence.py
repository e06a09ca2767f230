"""The tables of `repeatability.py`: raw and new estimates from the same samples."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from statistics import fmean, median, stdev
from typing import Any, Final, TypeAlias

from mbconv_cli.check.measured_judgement import GATE_SECONDS
from mbconv_cli.measure.statistics.control_variate import (
    ProcessFigure,
    at_quiet_speed,
    process_figure,
    reference_level,
    speed_factor,
)
from mbconv_cli.measure.statistics.disturbance import disturbed
from mbconv_cli.measure.statistics.estimates import Estimate, process_mean
from mbconv_cli.measure.statistics.regression import Mean, difference, judge, trimmed_mean
from mbconv_cli.report.verdict import Verdict

Record: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str, str, int]

GATE_RUN: Final = 10
DRAWS: Final = 2_000
USUAL_PROCESSES: Final = 5
SLOWED: Final = 1.5
MARGIN: Final = 0.02
COEFFICIENTS: Final = (0.0, 0.4, 0.6, 0.8, 1.0, 1.2)


def page(records: Sequence[Record], machine: Mapping[str, Any]) -> str:
    """All tables as a page of Markdown."""
    by_key: dict[Key, list[Record]] = {}
    for record in records:
        by_key.setdefault(tuple(record["key"]), []).append(record)
    parts = ["# Time that can be repeated: evidence", "; ".join(f"{key} {value}" for key, value in machine.items())]
    for title, kind, row in TABLES:
        parts += table(title, _kind(by_key, kind), row)
    for key, found in _kind(by_key, "printed").items():
        parts.append(f"## 6. {key[2]}, {key[1]}\n\n```\n{found[0]['text'].rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def table(title: str, groups: Mapping[Key, list[Record]], row: Callable[[list[Record]], Record]) -> list[str]:
    """A heading and a table with a row for each group; nothing without groups."""
    rows = [{"mode": key[1], "network": key[2], "threads": key[3], **row(found)} for key, found in groups.items()]
    if not rows:
        return []
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(one[column]) for column in columns) + " |" for one in rows]
    return [f"## {title}", "\n".join(lines)]


def profiles(found: list[Record]) -> Record:
    """The spread of the log of the headline and the coverage of its interval, raw and new."""
    raw = [raw_estimate(record) for record in found]
    new = [Estimate(*record["headline"]) for record in found]
    usable = [one for one, record in zip(new, found, strict=True) if record["unusable"] is None]
    robust = [robust_estimate(record) for record in found]
    return {
        "runs": len(found),
        "raw ms": median(one.value for one in raw),
        "new ms": median(one.value for one in new),
        "raw sd %": spread(raw),
        "robust sd %": spread(robust),
        "new sd %": spread(new),
        "usable": len(usable),
        "sd of usable %": spread(usable),
        "raw coverage %": coverage(raw),
        "new coverage %": coverage(new),
        "coverage of usable %": coverage(usable),
        "raw half width %": 100 * median(one.precision for one in raw),
        "new half width %": 100 * median(one.precision for one in new),
        "left out": sum(len(record["left_out"]) for record in found),
        "wall s": median(record["wall_s"] for record in found),
    }


def raw_estimate(record: Record) -> Estimate:
    """As it was before: the mean of the medians of the first five processes, none left out."""
    return process_mean(medians(every_process(record)[:USUAL_PROCESSES]))


def robust_estimate(record: Record) -> Estimate:
    """Without disturbed processes, and not corrected."""
    return process_mean(medians(record["processes"]), len(record["left_out"]))


def every_process(record: Record) -> list[Record]:
    """Those that count and those that were left out."""
    return [*record["left_out"], *record["processes"]]


def medians(processes: Sequence[Record]) -> list[float]:
    """Each process's median of the plain passes, in ms."""
    return [median(one["end_to_end"]) for one in processes]


def spread(estimates: Sequence[Estimate]) -> float:
    """The standard deviation of the logarithms, in percent."""
    logs = [math.log(one.value) for one in estimates]
    return 100 * stdev(logs) if len(logs) > 1 else math.nan


def coverage(estimates: Sequence[Estimate]) -> float:
    """How often the interval holds the median of all, in percent."""
    if not estimates:
        return math.nan
    middle = median(one.value for one in estimates)
    return 100 * fmean(one.low <= middle <= one.high for one in estimates)


def coefficients(found: list[Record]) -> Record:
    """The spread of the headline at one quiet speed, by coefficient, in percent."""
    spreads: Record = {}
    for coefficient in COEFFICIENTS:
        logs = [_corrected_log(record["processes"], coefficient) for record in found]
        spreads[f"{coefficient:g}"] = 100 * stdev(logs) if len(logs) > 1 else math.nan
    return spreads


def _corrected_log(processes: Sequence[Record], coefficient: float) -> float:
    """The logarithm of the mean of the processes' latencies, corrected to one quiet speed with another coefficient."""
    latencies = zip(medians(processes), (reference_level(one["reference"]) for one in processes), strict=True)
    return math.log(fmean(latency / level**coefficient for latency, level in latencies))


def slowed(found: list[Record]) -> Record:
    """How far the headline moves if one process's passes take half as long again, each of them in turn."""
    moved = [abs(change) for record in found for change in _moved(record)]
    raw = [abs(change) for record in found for change in _moved_raw(record)]
    return {
        "cases": len(moved),
        "raw moves %": 100 * median(raw),
        "new moves %": 100 * median(moved),
        "new within 1 %": fmean(change < 0.01 for change in moved),
        "new at most %": 100 * max(moved),
    }


def _moved(record: Record) -> Iterator[float]:
    processes, quiet = record["processes"], record["quiet_ms"]
    figures = [process_figure(median(one["end_to_end"]), one["reference"]) for one in processes]
    before = at_quiet_speed(figures, quiet).estimate.value
    for index in range(len(figures)):
        latencies = [one.latency_ms * (SLOWED if other == index else 1.0) for other, one in enumerate(figures)]
        out = disturbed(latencies)
        kept = [
            ProcessFigure(latency, one.reference_ms)
            for other, (latency, one) in enumerate(zip(latencies, figures, strict=True))
            if other not in out
        ]
        yield at_quiet_speed(kept, quiet, left_out=len(out)).estimate.value / before - 1


def _moved_raw(record: Record) -> Iterator[float]:
    latencies = medians(record["processes"])
    for latency in latencies:
        yield (SLOWED - 1) * latency / sum(latencies)


def overhead(found: list[Record]) -> Record:
    """The share of a profile's time that the reference workload takes."""
    shares = []
    for record in found:
        processes = every_process(record)
        reference_ms = math.fsum(chain.from_iterable(chain.from_iterable(one["reference"] for one in processes)))
        shares.append(reference_ms / 1_000 / math.fsum(one["seconds"] for one in processes))
    return {
        "share %": 100 * median(shares),
        "at most %": 100 * max(shares),
        "samples a profile": median(sum(len(one["reference"]) for one in record["processes"]) for record in found),
    }


def beside(found: list[Record]) -> Record:
    """The ratio of the medians in each process."""
    ratios = [median(one["beside"]) / median(one["without"]) for one in found]
    mean = fmean(map(math.log, ratios))
    half = 1.96 * stdev(map(math.log, ratios)) / math.sqrt(len(ratios)) if len(ratios) > 1 else math.nan
    return {
        "processes": len(ratios),
        "ratio": math.exp(mean),
        "low": math.exp(mean - half),
        "high": math.exp(mean + half),
    }


def gate(found: list[Record]) -> Record:
    """The spread of a process's A/A log-ratio, false alarms and detectable slowdowns, with and without correction.

    Paired, base and head took turns in one process; stored, runs at two times are compared by their latencies alone.
    """
    plain = [median(head / base for base, head in one["times"]) for one in found]
    corrected = [median(_corrected_ratios(one)) for one in found]
    levels = [
        (median(times[0] for times in one["times"]), reference_level([r[0] for r in one["reference"]])) for one in found
    ]
    quiet = min(level for _, level in levels)
    latencies = [latency for latency, _ in levels]
    at_quiet = [latency * speed_factor(level, quiet) for latency, level in levels]
    return {
        "processes": len(found),
        **_paired("paired", plain),
        **_paired("paired, corrected", corrected),
        **_stored("stored", latencies),
        **_stored("stored, corrected", at_quiet),
    }


def _corrected_ratios(one: Record) -> Iterator[float]:
    for (base, head), (beside_base, beside_head) in zip(one["times"], one["reference"], strict=True):
        yield head / base * speed_factor(reference_level([beside_head]), reference_level([beside_base]))


def _paired(name: str, ratios: Sequence[float]) -> Record:
    order = random.Random(0)  # noqa: S311 - which runs are drawn, no secret
    drawn = [trimmed_mean(order.sample(list(ratios), min(GATE_RUN, len(ratios)))) for _ in range(DRAWS)]
    return {f"{name}: sd %": 100 * stdev(map(math.log, ratios)), **_judged(name, drawn)}


def _stored(name: str, latencies: Sequence[float]) -> Record:
    """Runs of neighbouring processes, each against each other."""
    runs = [
        trimmed_mean(latencies[start : start + GATE_RUN]) for start in range(0, len(latencies) - GATE_RUN + 1, GATE_RUN)
    ]
    compared = [difference(head, base) for base, head in combinations(runs, 2)]
    compared += [difference(base, head) for base, head in combinations(runs, 2)]
    return {f"{name}: sd %": 100 * stdev(map(math.log, latencies)), **_judged(name, compared)}


def _judged(name: str, means: Sequence[Mean]) -> Record:
    """How often a run that is not slower is called so, and the slowdown that nine in ten runs find."""
    judged = [judge(mean, 1.0, MARGIN, 1) for mean in means]
    return {
        f"{name}: false alarms %": 100 * fmean(one.verdict is Verdict.FAIL for one in judged) if judged else math.nan,
        f"{name}: detectable %": 100 * median(one.detectable for one in judged) if judged else math.nan,
    }


def _kind(by_key: Mapping[Key, list[Record]], kind: str) -> dict[Key, list[Record]]:
    return {key: found for key, found in by_key.items() if key[0] == kind}


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


TABLES: Final = (
    ("1 and 2. Default profiles: spread of the headline, and coverage of its interval", "profile", profiles),
    ("Spread of the headline at one quiet speed by coefficient: sd of the log, %", "profile", coefficients),
    (f"3. One process of each profile slowed down by {100 * (SLOWED - 1):.0f} %", "profile", slowed),
    ("4. What the reference workload takes of a profile", "profile", overhead),
    ("4. Passes beside it over passes without", "stretches", beside),
    (f"5. The gate's A/A: processes of {GATE_SECONDS} s, runs of {GATE_RUN} drawn from them", "gate", gate),
)

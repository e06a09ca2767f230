"""What the processes that `gate.py collect` kept say of the latency gate.

Processes are cut, in their order, into consecutive runs of as many as the command starts, and each run is judged by the
command's own rule, for one network. A line of the table is a load, a network, a candidate and a `max_increase`:

    size        the candidate's true slowdown in percent, from all of its processes
    beyond      the slowdown beyond what is allowed
    fail        runs that fail: false alarms where `beyond` is not above 0, else detections
    bounds      the 95 % bounds of their rate in percent, each one-sided
    pass, inconclusive
                shares of the runs in percent
    drawn       the share that fails of runs whose processes are drawn at random from all, in percent. They share their
                processes, so they say nothing that the consecutive runs do not; only more finely
    rank test   runs in which a one-sided Mann-Whitney test on all rounds, pooled as if independent, finds it too slow
    told        `detectable` as the command prints it, the median over the runs, in percent
    found       of A/A: the slowdown at which nine in ten of the drawn runs would fail, all of them shifted by as much
    factor      told over found

The network `all` counts the A/A runs of all networks together.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields, replace
from itertools import chain, groupby
from pathlib import Path
from statistics import NormalDist, fmean, median
from typing import TypeAlias

from mbconv_cli.check.config import LatencySettings
from mbconv_cli.measure.statistics.regression import Judgement, Mean, judge, trimmed_mean
from mbconv_cli.measure.statistics.student import incomplete_beta
from mbconv_cli.report.verdict import Verdict

BASE = "base"
SAME = "again"
MARGIN = float(LatencySettings().margin.value)
RANK_TEST_LEVEL = 0.01
BOUND_CONFIDENCE = 0.95
POWER = 0.9
DRAWN_RUNS = 2_000

Key: TypeAlias = tuple[str, str, str]
"""Load, network and candidate."""


@dataclass(frozen=True, slots=True)
class Series:
    """What all processes say of one candidate, in their order: ratios, and the rounds of the base and of itself."""

    ratios: list[float] = field(default_factory=list)
    base_ms: list[list[float]] = field(default_factory=list)
    head_ms: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A line of the results; percentages but for counts and the factor."""

    load: str
    network: str
    candidate: str
    max_increase: float
    processes: int
    size: float | None
    beyond: float | None
    runs: int
    fails: int
    fail_low: float
    fail_high: float
    passes: int
    rank_test_fails: int
    drawn_fails: float | None
    told: float | None
    found: float | None
    factor: float | None


def evaluate(files: Sequence[Path], processes: int, max_increases: Sequence[float], results: Path | None) -> None:
    """Print the evidence, and keep it as a CSV if a file is given."""
    measured = series(chain.from_iterable(map(read, files)))
    lines = [line for share in max_increases for line in evidence(measured, processes, share)]
    print(f"runs of {processes} processes; all but counts and the factor in percent")
    for cells in zip(*map(aligned, zip(*map(printed, [None, *lines]), strict=True)), strict=True):
        print("  ".join(cells).rstrip())
    if results:
        with results.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerow([one.name for one in fields(Evidence)])
            csv.writer(stream).writerows(map(astuple, lines))


def read(path: Path) -> list[dict[str, str]]:
    """All lines of a file."""
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def series(rows: Iterator[dict[str, str]]) -> dict[Key, Series]:
    """By load, network and candidate; each candidate's base stands somewhere above it."""
    found: dict[Key, Series] = {}
    base: list[float] = []
    for row in rows:
        rounds = [float(ms) for ms in row["rounds_ms"].split(";")]
        if row["candidate"] == BASE:
            base = rounds
            continue
        one = found.setdefault((row["load"], row["network"], row["candidate"]), Series())
        one.ratios.append(float(row["ratio"]))
        one.base_ms.append(base)
        one.head_ms.append(rounds)
    return found


def evidence(measured: Mapping[Key, Series], processes: int, max_increase: float) -> Iterator[Evidence]:
    """Each candidate's line, ordered by load, and the line of all networks' A/A after those of a load."""
    ordered = sorted(measured.items(), key=lambda item: item[0][:2])
    for load, of_load in groupby(ordered, key=lambda item: item[0][0]):
        lines = [of_candidate(key, one, processes, max_increase) for key, one in of_load]
        yield from lines
        same = [line for line in lines if line.candidate == SAME]
        if len(same) > 1:
            yield together(load, same)


def of_candidate(key: Key, one: Series, processes: int, max_increase: float) -> Evidence:
    """The line of one candidate."""
    allowed = 1 + max_increase / 100
    starts = range(0, len(one.ratios) - processes + 1, processes)
    judged = [judged_run(one.ratios[start : start + processes], allowed) for start in starts]
    verdicts = [judgement.verdict for judgement in judged]
    size = math.exp(fmean(map(math.log, one.ratios)))
    drawn = drawn_runs(one.ratios, processes)
    drawn_fails = [judge(mean, allowed, MARGIN / allowed, 1).verdict is Verdict.FAIL for mean in drawn]
    told = 100 * median(judgement.detectable for judgement in judged) if judged else None
    found = 100 * detected_size(drawn, math.log(size)) if key[2] == SAME and drawn else None
    low, high = bounds(verdicts.count(Verdict.FAIL), len(judged))
    return Evidence(
        *key,
        max_increase,
        processes=len(one.ratios),
        size=100 * (size - 1),
        beyond=100 * (size / allowed - 1),
        runs=len(judged),
        fails=verdicts.count(Verdict.FAIL),
        fail_low=low,
        fail_high=high,
        passes=verdicts.count(Verdict.PASS),
        rank_test_fails=sum(rank_test_fails(one, start, start + processes, allowed) for start in starts),
        drawn_fails=100 * fmean(drawn_fails) if drawn else None,
        told=told,
        found=found,
        factor=told / found if told and found else None,
    )


def together(load: str, lines: Sequence[Evidence]) -> Evidence:
    """The runs of several networks counted as one."""
    runs, fails = sum(line.runs for line in lines), sum(line.fails for line in lines)
    low, high = bounds(fails, runs)
    return Evidence(
        load,
        "all",
        SAME,
        lines[0].max_increase,
        processes=sum(line.processes for line in lines),
        size=None,
        beyond=None,
        runs=runs,
        fails=fails,
        fail_low=low,
        fail_high=high,
        passes=sum(line.passes for line in lines),
        rank_test_fails=sum(line.rank_test_fails for line in lines),
        drawn_fails=None,
        told=None,
        found=None,
        factor=None,
    )


def judged_run(ratios: Sequence[float], allowed: float) -> Judgement:
    """As the command judges one network."""
    return judge(trimmed_mean(ratios), allowed, MARGIN / allowed, 1)


def drawn_runs(ratios: Sequence[float], processes: int) -> list[Mean]:
    """The means of runs drawn at random, none with a process twice; none at all where there are too few processes."""
    if len(ratios) < 2 * processes:
        return []
    order = random.Random(0)  # noqa: S311 - which runs are drawn, no secret
    return [trimmed_mean(order.sample(list(ratios), processes)) for _ in range(DRAWN_RUNS)]


def detected_size(means: Sequence[Mean], centre: float) -> float:
    """The slowdown that nine in ten runs find, if all of them were so much slower than they are about their centre."""
    low, high = 0.0, 1.0
    while high - low > 1e-5:
        middle = (low + high) / 2
        shifted = [replace(mean, value=mean.value - centre + math.log1p(middle)) for mean in means]
        found = sum(judge(mean, 1.0, MARGIN, 1).verdict is Verdict.FAIL for mean in shifted)
        low, high = (low, middle) if found >= POWER * len(means) else (middle, high)
    return high


def rank_test_fails(one: Series, start: int, end: int, allowed: float) -> bool:
    """Whether all rounds of a run, pooled, would have failed it."""
    base = [ms * allowed for ms in chain(*one.base_ms[start:end])]
    return mann_whitney(base, list(chain(*one.head_ms[start:end]))) < RANK_TEST_LEVEL


def mann_whitney(base: Sequence[float], head: Sequence[float]) -> float:
    """One-sided p that the head is slower, if all figures were independent.

    The normal approximation with a correction for ties (Hollander, Wolfe and Chicken, Nonparametric Statistical
    Methods, section 4.1).
    """
    pooled = sorted([(ms, 0) for ms in base] + [(ms, 1) for ms in head])
    ranks, ties, below = 0.0, 0.0, 0
    for _, equal in groupby(pooled, key=lambda pair: pair[0]):
        sides = [side for _, side in equal]
        ranks += (below + (len(sides) + 1) / 2) * sum(sides)
        ties += len(sides) ** 3 - len(sides)
        below += len(sides)
    m, n, both = len(base), len(head), len(pooled)
    deviation = math.sqrt(m * n / 12 * (both + 1 - ties / (both * (both - 1))))
    above = ranks - n * (n + 1) / 2 - m * n / 2
    return 1 - NormalDist().cdf((above - 0.5) / deviation) if deviation else 1.0


def bounds(count: int, runs: int) -> tuple[float, float]:
    """Of a rate, in percent, each one-sided (Clopper and Pearson, Biometrika 26, 1934, 404-413)."""
    low = 1 - beta_quantile(runs - count + 1, count)
    return 100 * low, 100 * beta_quantile(count + 1, runs - count)


def beta_quantile(a: float, b: float) -> float:
    """The quantile of a beta distribution at `BOUND_CONFIDENCE`; 1 where the distribution has shrunk to that."""
    if b == 0:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < BOUND_CONFIDENCE else (low, middle)
    return high


def printed(line: Evidence | None) -> tuple[str, ...]:
    """A line's cells, or the columns' names."""
    if line is None:
        names = "load network candidate max_increase processes size beyond runs fail bounds pass inconclusive drawn"
        return (*names.split(), "rank test", "told", "found", "factor")
    undecided = line.runs - line.fails - line.passes
    shares = [f"{100 * count / line.runs:.0f}" if line.runs else "-" for count in (line.passes, undecided)]
    return (
        line.load,
        line.network,
        line.candidate,
        f"{line.max_increase:g}",
        str(line.processes),
        number(line.size, "+.2f"),
        number(line.beyond, "+.2f"),
        str(line.runs),
        str(line.fails),
        f"{line.fail_low:.1f} to {line.fail_high:.1f}",
        *shares,
        number(line.drawn_fails, ".1f"),
        str(line.rank_test_fails),
        number(line.told, ".2f"),
        number(line.found, ".2f"),
        number(line.factor, ".2f"),
    )


def number(figure: float | None, form: str) -> str:
    """The figure, or a dash."""
    return "-" if figure is None else format(figure, form)


def aligned(column: Sequence[str]) -> list[str]:
    """All cells of a column as wide as the widest."""
    width = max(map(len, column))
    return [cell.ljust(width) for cell in column]

"""Samples -> estimates: quantiles with intervals that assume no distribution, and midmeans that add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean, median
from typing import Final

from mbconv_cli.measure.statistics.batches import CONFIDENCE, batch_means, student_half_width, widening

PERCENTILES: Final = (90, 95, 99)
FEWEST_SAMPLES: Final = 6  # with fewer, no pair of order statistics holds the median with 95 % confidence
_LARGEST_LOG: Final = 700.0  # of a float; two processes that differ by factors have a boundless interval
_NEGLIGIBLE: Final = 10.0  # standard deviations from a binomial distribution's middle


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the interval that holds the true one in 95 of 100 cases, in the samples' unit."""

    value: float
    low: float
    high: float

    @property
    def precision(self) -> float:
        """Half the interval's width, as a share of the value."""
        return (self.high - self.low) / 2 / self.value if self.value else math.inf


def median_interval(samples: Sequence[float]) -> Estimate:
    """The median, and the pair of order statistics that holds the true median with 95 % confidence.

    With fewer samples than `FEWEST_SAMPLES` no pair does; then the interval is the whole range.

    Args:
        samples: in the order in which they were taken.
    """
    ordered = sorted(samples)
    middle = median(ordered)
    low, high = interval_ranks(len(ordered), 0.5, _quantile_widening([samples], middle))
    return Estimate(middle, ordered[max(low, 0)], ordered[min(high, len(ordered) - 1)])


def percentiles(processes: Sequence[Sequence[float]]) -> dict[int, Estimate]:
    """Those of `PERCENTILES` that the samples support: the ones of which both ends of the interval are samples.

    If samples were independent of each other, the 90th would take 36 of them, the 95th 72 and the 99th 368.

    Args:
        processes: the samples of each process, in the order in which they were taken.
    """
    ordered = sorted(chain.from_iterable(processes))
    supported = {}
    for percent in PERCENTILES:
        value = ordered[-(-percent * len(ordered) // 100) - 1]
        low, high = interval_ranks(len(ordered), percent / 100, _quantile_widening(processes, value))
        if low >= 0 and high < len(ordered):
            supported[percent] = Estimate(value, ordered[low], ordered[high])
    return supported


def interval_ranks(count: int, share: float, widened: float = 1.0) -> tuple[int, int]:
    """Which order statistics, counted from 0, hold the quantile of a share of the distribution in 95 of 100 cases.

    No distribution is assumed: how many of n independent samples fall below the quantile is binomial(n, share)
    (David and Nagaraja, Order Statistics, section 7.1). Samples that resemble their neighbours hold it less often;
    the ranks then move away from the middle (Heidelberger and Lewis, Quantile estimation in dependent sequences,
    Operations Research 32, 1984).

    Args:
        count: samples.
        share: of the distribution that lies below the quantile.
        widened: how many times further from the middle the ranks are than of independent samples.

    Returns:
        The lower and the upper rank; one below 0 or above the last is one that the samples do not reach.
    """
    below, above = _most_below(count, share), _most_below(count, 1 - share)
    if widened > 1:
        below = math.floor(count * share - (count * share - below) * widened)
        above = math.floor(count * (1 - share) - (count * (1 - share) - above) * widened)
    return below, count - 1 - above


def _quantile_widening(processes: Sequence[Sequence[float]], quantile: float) -> float:
    """`widening` of the share of samples below a quantile, which is a mean: of ones, halves and noughts."""
    return widening([[(x < quantile) + 0.5 * (x == quantile) for x in samples] for samples in processes])


def _most_below(count: int, share: float) -> int:
    """The largest k for which at most k of n samples fall below a quantile with at most 2.5 % probability, or -1.

    Summed from where the binomial distribution's tail begins to count: that takes some sqrt(n) steps, and neither
    overflows nor underflows for any n.
    """
    deviation = math.sqrt(count * share * (1 - share))
    k = max(0, int(count * share - _NEGLIGIBLE * deviation))
    ways = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
    probability = math.exp(ways + k * math.log(share) + (count - k) * math.log(1 - share))
    at_most = probability
    while at_most <= (1 - CONFIDENCE) / 2:
        probability *= (count - k) / (k + 1) * share / (1 - share)
        k += 1
        at_most += probability
    return k - 1


def process_mean(figures: Sequence[float], left_out: int = 0) -> Estimate:
    """One figure of each of at least two processes -> their mean, and Student's interval; means of parts add up.

    Args:
        figures: of the processes that count.
        left_out: how many others were left out as disturbed. That makes the remaining ones look more alike than
            processes are, and the interval is widened by as many as there were over as many as remain.
    """
    mean = fmean(figures)
    half = student_half_width(figures) * (len(figures) + left_out) / len(figures)
    return Estimate(mean, mean - half, mean + half)


def process_interval(figures: Sequence[float], left_out: int = 0) -> Estimate:
    """One positive figure of each of several processes -> their geometric mean, and Student's interval on the logs.

    Logarithms, because times and their ratios err by factors. It takes at least two processes; the interval is widened
    as that of `process_mean` where others were left out.
    """
    logs = [math.log(figure) for figure in figures]
    mean, half = fmean(logs), student_half_width(logs) * (len(logs) + left_out) / len(logs)
    low, high = max(mean - half, -_LARGEST_LOG), min(mean + half, _LARGEST_LOG)
    return Estimate(math.exp(mean), math.exp(low), math.exp(high))


def central_half(totals: Sequence[float]) -> list[int]:
    """The indices of the passes that remain when the fastest and the slowest quarter are set aside."""
    order = sorted(range(len(totals)), key=totals.__getitem__)
    cut = len(order) // 4
    return order[cut : len(order) - cut]


def midmeans(passes: Sequence[Sequence[float]], groups: Sequence[Sequence[int]]) -> list[Estimate]:
    """Each group's mean time over the central half of the passes by total time.

    One common set of passes and a mean: so groups add up exactly to the mean of those passes' totals, and no
    outlier enters.

    Args:
        passes: `[passes][ops]`, in ms, in the order in which they were taken.
        groups: for each group, the indices of its ops.
    """
    totals = [math.fsum(times) for times in passes]
    kept = central_half(totals)
    return [_midmean([math.fsum(times[op] for op in group) for times in passes], totals, kept) for group in groups]


def _midmean(samples: Sequence[float], totals: Sequence[float], kept: Sequence[int]) -> Estimate:
    """The mean of the kept samples, with an interval that also knows that others were set aside.

    Which passes are kept depends on all of them, and so does the mean: a pass that was set aside counts as what the
    group takes in the pass next to the edge. For the totals that is winsorizing, and gives the standard error of a
    trimmed mean (Tukey and McLaughlin, Sankhya A 25, 1963); for a group, it is read off the regression of its time
    on the total. The interval is Student's, on batch means, so that samples may resemble their neighbours.
    """
    mean = fmean(samples[index] for index in kept)
    center = fmean(totals[index] for index in kept)
    squares = math.fsum((totals[index] - center) ** 2 for index in kept)
    products = math.fsum((totals[index] - center) * (samples[index] - mean) for index in kept)
    slope = products / squares if squares else 0.0
    fastest, slowest = totals[kept[0]], totals[kept[-1]]
    counted = [mean + slope * (min(max(total, fastest), slowest) - center) for total in totals]
    for index in kept:
        counted[index] = samples[index]
    batches = batch_means(counted)
    half = student_half_width(batches) * len(totals) / len(kept) if len(batches) > 1 else 0.0
    return Estimate(mean, mean - half, mean + half)

"""Samples -> estimates: medians with intervals that assume no distribution, and midmeans that add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Final

CONFIDENCE: Final = 0.95
_NORMAL_QUANTILE: Final = 1.959964  # of (1 + CONFIDENCE) / 2
_LARGEST_LOG: Final = 700.0  # of a float; two processes that differ by factors have a boundless interval
# Student's t, of the same, for 1, 2, ... degrees of freedom.
_STUDENT_QUANTILES: Final = (
    12.70620, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
    2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
)  # fmt: skip


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

    No distribution is assumed: how many of n samples fall below the true median is binomial(n, 1/2)
    (David and Nagaraja, Order Statistics, section 7.1). With five samples or fewer no pair reaches 95 %; then
    the interval is the whole range.
    """
    ordered = sorted(samples)
    lowest = max(_most_below(len(ordered)), 0)
    return Estimate(median(ordered), ordered[lowest], ordered[-1 - lowest])


def _most_below(count: int) -> int:
    """The largest k for which at most k of n samples fall below the median with at most 2.5 % probability, or -1.

    Summed from the middle of the binomial distribution, where one half lies below: that takes some sqrt(n) steps,
    and neither overflows nor underflows for any n.
    """
    k = count // 2
    log_probability = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) - count * math.log(2)
    probability = math.exp(log_probability)
    at_most = 0.5 + probability / 2 if count % 2 == 0 else 0.5
    while at_most > (1 - CONFIDENCE) / 2 and k >= 0:
        at_most -= probability
        probability *= k / (count - k + 1)
        k -= 1
    return k


def process_interval(figures: Sequence[float]) -> Estimate:
    """One positive figure of each of several processes -> their geometric mean, and Student's interval on the logs.

    Logarithms, because times and their ratios err by factors. It takes at least two processes.
    """
    logs = [math.log(figure) for figure in figures]
    mean = fmean(logs)
    half = _student_quantile(len(logs) - 1) * stdev(logs) / math.sqrt(len(logs))
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
        passes: `[passes][ops]`, in ms.
        groups: for each group, the indices of its ops.
    """
    kept = [passes[index] for index in central_half([math.fsum(times) for times in passes])]
    return [_mean_interval([math.fsum(times[op] for op in group) for times in kept]) for group in groups]


def _student_quantile(freedom: int) -> float:
    """Of (1 + CONFIDENCE) / 2; beyond the table, Cornish and Fisher's first terms about the normal quantile."""
    if freedom <= len(_STUDENT_QUANTILES):
        return _STUDENT_QUANTILES[freedom - 1]
    normal = _NORMAL_QUANTILE
    return normal + (normal**3 + normal) / (4 * freedom)


def _mean_interval(samples: Sequence[float]) -> Estimate:
    mean = fmean(samples)
    half = _NORMAL_QUANTILE * stdev(samples) / math.sqrt(len(samples)) if len(samples) > 1 else 0.0
    return Estimate(mean, mean - half, mean + half)

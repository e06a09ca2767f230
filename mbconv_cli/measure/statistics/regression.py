"""Is it slower than allowed? A test across processes, with one estimate a process and three verdicts.

All figures here are natural logarithms of times or of ratios of times, because these err by factors. A mean leaves
out a tenth of the processes at either end, so that a single wild one neither makes nor hides a slowdown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance
from typing import Final

from mbconv_cli.measure.statistics.student import quantile
from mbconv_cli.report.verdict import Verdict

FALSE_ALARM: Final = 0.005
"""The probability at which any network of a run that is not too slow is called so: half of the 1 % that is promised,
since processes are not normally distributed, and a trimmed mean's level is approximate (of ten normal figures 1.1 %
for 1 %, in 20,000 simulated runs)."""
PASS_CONFIDENCE: Final = 0.95
POWER: Final = 0.9
INTERVAL_CONFIDENCE: Final = 0.95
TRIMMED_SHARE: Final = 10
_LARGEST_LOG: Final = 700.0  # of a float; processes that differ by factors have boundless intervals


@dataclass(frozen=True, slots=True)
class Mean:
    """A trimmed mean of logarithms, its standard error, and the degrees of freedom of that."""

    value: float
    error: float
    freedom: float

    def bound(self, probability: float) -> float:
        """What the true mean is below with this probability."""
        return self.value + quantile(probability, self.freedom) * self.error


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a test came to.

    Attributes:
        verdict: PASS, FAIL or INCONCLUSIVE.
        ratio: to what is allowed: above 1 it is slower.
        low: the end below which the true ratio is not, at the level of the test.
        high: the end above which it is not, with `PASS_CONFIDENCE`.
        detectable: the slowdown beyond what is allowed, as a share of it, that such a run detects with `POWER`.
    """

    verdict: Verdict
    ratio: float
    low: float
    high: float
    detectable: float


def trimmed_mean(figures: Sequence[float]) -> Mean:
    """The mean of positive figures' logarithms without the tenth at either end, for at least two processes.

    Its error is that of Tukey and McLaughlin (Sankhya A 25, 1963, pp. 331-352): the Winsorized standard deviation over
    (1 - 2 g / n) sqrt(n), with n - 2 g - 1 degrees of freedom where g of n are left out at either end. With fewer
    than ten processes none is, and this is Student's.
    """
    logs = sorted(map(math.log, figures))
    count, cut = len(logs), len(logs) // TRIMMED_SHARE
    kept = logs[cut : count - cut]
    winsorized = [kept[0]] * cut + kept + [kept[-1]] * cut
    error = math.sqrt(variance(winsorized) / count) / (1 - 2 * cut / count)
    return Mean(fmean(kept), error, len(kept) - 1)


def difference(head: Mean, base: Mean) -> Mean:
    """Of the means of two independent samples, with Welch's degrees of freedom (Yuen, Biometrika 61, 1974, 165-170)."""
    parts = (head.error**2, base.error**2)
    spread = sum(parts)
    if not spread:
        return Mean(head.value - base.value, 0.0, min(head.freedom, base.freedom))
    freedom = spread**2 / (parts[0] ** 2 / head.freedom + parts[1] ** 2 / base.freedom)
    return Mean(head.value - base.value, math.sqrt(spread), freedom)


def judge(mean: Mean, allowed: float, margin: float, tests: int) -> Judgement:
    """Whether the true figure is above what is allowed.

    FAIL if it is, at the level of `FALSE_ALARM`, which Bonferroni's correction shares among all tests of the run;
    PASS if it is known to be below what is allowed and the margin; INCONCLUSIVE if neither can be said.

    Args:
        mean: of logarithms.
        allowed: the logarithm's counterpart: a ratio to the base, or a time in ms.
        margin: as a share of what is allowed.
        tests: how many there are in the run.
    """
    level = 1 - FALSE_ALARM / tests
    beyond = Mean(mean.value - math.log(allowed), mean.error, mean.freedom)
    low, high = beyond.bound(1 - level), beyond.bound(PASS_CONFIDENCE)
    if low > 0:
        verdict = Verdict.FAIL
    elif high < math.log1p(margin):
        verdict = Verdict.PASS
    else:
        verdict = Verdict.INCONCLUSIVE
    ratio, low, high, detected = map(exponential, (beyond.value, low, high, detectable(mean, level)))
    return Judgement(verdict, ratio, low, high, detected - 1)


def detectable(mean: Mean, level: float) -> float:
    """The smallest logarithm that a test at this level, with such an error, tells from zero with `POWER`.

    That is the noncentrality at which the noncentral t exceeds the test's quantile so often, times the error; by the
    normal approximation of its distribution (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.10).
    """
    t = quantile(level, mean.freedom)
    spread = math.sqrt(1 + t * t / (2 * mean.freedom))
    return (t * (1 - 1 / (4 * mean.freedom)) + NormalDist().inv_cdf(POWER) * spread) * mean.error


def interval(mean: Mean) -> tuple[float, float, float]:
    """The figure itself, and the ends of its 95 % interval."""
    tail = (1 - INTERVAL_CONFIDENCE) / 2
    return exponential(mean.value), exponential(mean.bound(tail)), exponential(mean.bound(1 - tail))


def exponential(log: float) -> float:
    """Of a logarithm, and always a number."""
    return math.exp(max(-_LARGEST_LOG, min(log, _LARGEST_LOG)))

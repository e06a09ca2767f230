"""Student's t distribution: its distribution function and its quantiles, for any degrees of freedom."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

_TINY: Final = 1e-300
_PRECISION: Final = 1e-15
_MAX_STEPS: Final = 10_000


def cumulative(t: float, freedom: float) -> float:
    """The probability that a Student variable with so many degrees of freedom is at most t.

    By the incomplete beta function (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.1).
    """
    tail = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2
    return tail if t < 0 else 1 - tail


@lru_cache(maxsize=1024)
def quantile(probability: float, freedom: float) -> float:
    """The t that a Student variable exceeds with a probability of `1 - probability`.

    By bisection on the upper tail, which keeps its precision where the probability is close to one.

    Raises:
        ValueError: the probability is not between 0 and 1, or there is no degree of freedom.
    """
    if not 0 < probability < 1 or not freedom > 0:
        raise ValueError(f"no quantile of probability {probability} with {freedom} degrees of freedom")
    if probability < 0.5:
        return -quantile(1 - probability, freedom)
    tail = 1 - probability
    low, high = 0.0, 1.0
    while _upper_tail(high, freedom) > tail:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if _upper_tail(middle, freedom) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function I_x(a, b).

    Its continued fraction (Abramowitz and Stegun, 26.5.8), on the side of the mean where it converges fast
    (Press et al., Numerical Recipes, section 6.4).
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(a, b, x) / a
    return 1 - math.exp(log_front) * _fraction(b, a, 1 - x) / b


def _upper_tail(t: float, freedom: float) -> float:
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction by Lentz's method (Numerical Recipes, section 5.2)."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MAX_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for coefficient in (even, odd):
            d = 1 / _not_zero(1 + coefficient * d)
            c = _not_zero(1 + coefficient / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISION:
            return value
    raise ArithmeticError(f"the incomplete beta function of {a}, {b}, {x} does not converge")


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY

"""Batch means: how far a mean can be trusted when neighbouring samples resemble each other.

Samples of one process are not independent: a core's frequency, a neighbour's cache use and the machine's other work
last longer than a pass. The means of long stretches of samples are nearly independent of each other, and so tell
what the samples themselves hide (Law, Simulation Modeling and Analysis, section 9.5.3). Ten batches are few enough
to be long, and enough for Student's t (Schmeiser, Batch size effects in the analysis of simulation output,
Operations Research 30, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Final

CONFIDENCE: Final = 0.95
BATCHES: Final = 10
_NORMAL_QUANTILE: Final = 1.959964  # of (1 + CONFIDENCE) / 2
# Student's t, of the same, for 1, 2, ... degrees of freedom.
_STUDENT_QUANTILES: Final = (
    12.70620, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
    2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
)  # fmt: skip


def student_half_width(figures: Sequence[float]) -> float:
    """Half the 95 % interval of the mean of at least two independent figures."""
    return _student_quantile(len(figures) - 1) * stdev(figures) / math.sqrt(len(figures))


def batch_means(series: Sequence[float]) -> list[float]:
    """The means of at most `BATCHES` stretches of equal length, in order.

    What does not fill a stretch is left out at the beginning, where the warm-up is nearest.
    """
    size = _batch_size(len(series))
    return [fmean(series[end - size : end]) for end in range(len(series), size - 1, -size)][::-1]


def widening(series: Sequence[float]) -> float:
    """How many times wider the interval of a mean is than if the samples were independent of each other; at least 1.

    1 also for samples that are too few to make batches of, and for those that are all the same.

    Args:
        series: the samples in the order in which they were taken.
    """
    size = _batch_size(len(series))
    mean = fmean(series)
    spread = math.sqrt(fmean((value - mean) ** 2 for value in series))
    if size == 1 or spread == 0:
        return 1.0
    independent = _NORMAL_QUANTILE * spread / math.sqrt(len(series))
    return max(1.0, student_half_width(batch_means(series)) / independent)


def _batch_size(count: int) -> int:
    return -(-count // BATCHES)


def _student_quantile(freedom: int) -> float:
    """Of (1 + CONFIDENCE) / 2; beyond the table, Cornish and Fisher's first terms about the normal quantile."""
    if freedom <= len(_STUDENT_QUANTILES):
        return _STUDENT_QUANTILES[freedom - 1]
    normal = _NORMAL_QUANTILE
    return normal + (normal**3 + normal) / (4 * freedom)

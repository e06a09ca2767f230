"""Batch means: how far a mean can be trusted when neighbouring samples resemble each other.

Samples of one process are not independent: a core's frequency, a neighbour's cache use and the machine's other work
last longer than a pass. The means of long stretches of samples are nearly independent of each other, and so show
what the samples themselves hide (Law, Simulation Modeling and Analysis, section 9.5.3). Ten batches are few enough
to be long, and enough for Student's t (Schmeiser, Batch size effects in the analysis of simulation output,
Operations Research 30, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from statistics import fmean, stdev
from typing import Final

from mbconv_cli.measure.statistics.student import quantile

CONFIDENCE: Final = 0.95
BATCHES: Final = 10
_NORMAL_QUANTILE: Final = 1.959964  # of (1 + CONFIDENCE) / 2


def student_half_width(figures: Sequence[float]) -> float:
    """Half the 95 % interval of the mean of at least two independent figures."""
    return quantile((1 + CONFIDENCE) / 2, len(figures) - 1) * stdev(figures) / math.sqrt(len(figures))


def batch_means(series: Sequence[float]) -> list[float]:
    """The means of at most `BATCHES` stretches of equal length, in order.

    What does not fill a stretch is left out at the beginning, where the warm-up is nearest.
    """
    size = _batch_size(len(series))
    return [fmean(series[end - size : end]) for end in range(len(series), size - 1, -size)][::-1]


def widening(processes: Sequence[Sequence[float]]) -> float:
    """How many times wider the interval of a mean is than if the samples were independent of each other; at least 1.

    Told from the batches of one process, or from the means of several. 1 also for samples that are too few to make
    batches of, and for those that are all the same.

    Args:
        processes: the samples of each process, in the order in which they were taken.
    """
    series = list(chain.from_iterable(processes))
    mean = fmean(series)
    spread = math.sqrt(fmean((value - mean) ** 2 for value in series))
    several = len(processes) > 1
    if spread == 0 or (not several and _batch_size(len(series)) == 1):
        return 1.0
    means = [fmean(samples) for samples in processes] if several else batch_means(series)
    independent = _NORMAL_QUANTILE * spread / math.sqrt(len(series))
    return max(1.0, student_half_width(means) / independent)


def _batch_size(count: int) -> int:
    return -(-count // BATCHES)

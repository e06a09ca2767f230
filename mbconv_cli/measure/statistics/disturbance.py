"""Which of several processes something else slowed down: found by their distance from the median, and left out.

A mean has no defence against one process that ran at half the speed, and a median of five wastes a third of what they
know. So the disturbed ones are recognised first, and the mean is taken over the others. In simulated profiles of five
processes, a tenth of them slowed down to 1.5 times, intervals of 95 % held the true time in 95 to 96 % of cases
(`tests/measure/statistics/test_disturbance.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

LEAST_SLOWDOWN: Final = 0.10
"""As a logarithm. Undisturbed processes differ by 3 % on one thread, and by less than 10 % on two."""
FARTHEST: Final = 3.5
"""Robust standard deviations (Iglewicz and Hoaglin, How to detect and handle outliers, 1993)."""
_NORMAL: Final = 1.4826  # a normal distribution's standard deviation over its median absolute deviation


def disturbed(figures: Sequence[float]) -> frozenset[int]:
    """The indices of the figures that are far above the median of all, on a logarithmic scale: a minority, or none.

    Only slower ones are looked for, since nothing makes a process faster than the machine is. Where it would be half
    of them or more, nobody knows which half is right, and none is left out: the interval then shows it.

    Args:
        figures: one positive time of each process.
    """
    logs = [math.log(figure) for figure in figures]
    middle = median(logs)
    spread = _NORMAL * median(abs(log - middle) for log in logs)
    limit = middle + max(LEAST_SLOWDOWN, FARTHEST * spread)
    found = frozenset(index for index, log in enumerate(logs) if log > limit)
    return found if 2 * len(found) < len(figures) else frozenset()

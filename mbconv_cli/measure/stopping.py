"""When to stop measuring, and how far it is until then."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.statistics.estimates import median_interval

_LOOK_AGAIN: Final = 1.05


class Stopping:
    """Decides when there are enough samples, and foresees how long it takes until then.

    The interval is looked at whenever the samples have become a twentieth more: a look sorts all of them, and who
    looks after every round stops at the luckiest.

    Args:
        budget: the precision and the time that are requested.
        max_seconds: what the warm-up has left of its bound.
    """

    def __init__(self, budget: Budget, max_seconds: float) -> None:
        self._budget = budget
        self._max_seconds = max_seconds
        self._next_look = budget.min_rounds
        self._seconds_needed = max_seconds
        self._precise = False
        self._rounds = 0
        self._seconds = 0.0
        self._share_done = 0.0

    def add(self, end_to_end: Sequence[float], seconds: float) -> None:
        """Take note of the samples so far, one of each round, and of the time they took."""
        self._rounds, self._seconds = len(end_to_end), seconds
        if self._rounds >= self._next_look:
            precision = median_interval(end_to_end).precision
            self._precise = precision <= self._budget.precision
            self._seconds_needed = self._foreseen(precision)
            self._next_look = math.ceil(_LOOK_AGAIN * self._rounds)

    @property
    def enough(self) -> bool:
        """Whether to stop."""
        if self._rounds < self._budget.min_rounds:
            return False
        return self._seconds >= self._max_seconds or (self._precise and self._seconds >= self._budget.min_seconds)

    def share_done(self) -> float:
        """How much of the time that it will take has passed, as far as can be foreseen; never less than before."""
        of_time = self._seconds / self._seconds_needed if self._seconds < self._seconds_needed else 1.0
        self._share_done = max(self._share_done, min(of_time, self._rounds / self._budget.min_rounds))
        return self._share_done

    def _foreseen(self, precision: float) -> float:
        """When it will be precise: an interval narrows with the root of the number of samples."""
        if self._precise:
            return min(max(self._seconds, self._budget.min_seconds), self._max_seconds)
        ratio = precision / self._budget.precision if self._budget.precision else math.inf
        needed = self._seconds * ratio**2 if math.isfinite(ratio) else self._max_seconds
        return min(max(needed, self._budget.min_seconds), self._max_seconds)

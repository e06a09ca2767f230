"""Networks between cost and accuracy where costs have intervals: what is certain of their order, and what is not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class OnFront(str, Enum):
    """Whether nothing is at least as accurate and cheaper, or as cheap and more accurate."""

    YES = "yes"
    UNDECIDED = "undecided"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Point:
    """A network between its cost and its accuracy.

    Attributes:
        low: the lower end of the cost's interval; of an exact cost the cost itself.
        high: the upper end.
        merit: its accuracy.
    """

    low: float
    high: float
    merit: float


def beats_surely(one: Point, other: Point) -> bool:
    """Whether one dominates the other wherever in their intervals the true costs are."""
    better = one.merit > other.merit or one.high < other.low
    return better and one.merit >= other.merit and one.high <= other.low


def beats_perhaps(one: Point, other: Point) -> bool:
    """Whether one dominates the other somewhere in their intervals."""
    better = one.merit > other.merit or one.low < other.high
    return better and one.merit >= other.merit and one.low <= other.high


def on_front(points: Sequence[Point]) -> list[OnFront]:
    """For each point, whether it is on the Pareto front.

    `UNDECIDED` where only points beat it whose intervals overlap with its own.
    """
    return [_one_on_front(point, points) for point in points]


def _one_on_front(point: Point, points: Sequence[Point]) -> OnFront:
    others = [other for other in points if other is not point]
    if any(beats_surely(other, point) for other in others):
        return OnFront.NO
    return OnFront.UNDECIDED if any(beats_perhaps(other, point) for other in others) else OnFront.YES


def rank_cells(intervals: Sequence[tuple[float, float]]) -> list[str]:
    """Each interval's rank from the lowest, or the range of those that it may have: `3` or `3-5`."""
    return [str(first) if first == last else f"{first}-{last}" for first, last in rank_ranges(intervals)]


def rank_ranges(intervals: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """For each interval, the first and the last rank from the lowest that it may have.

    Two whose intervals overlap are not ranked against each other; ends that touch overlap.
    """
    lows, highs = sorted(low for low, _ in intervals), sorted(high for _, high in intervals)
    count = len(intervals)
    return [(1 + bisect_left(highs, low), count - (count - bisect_right(lows, high))) for low, high in intervals]

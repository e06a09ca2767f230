"""Spearman's rank correlation: whether two lists order the same things alike."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import StatisticsError, correlation


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """The correlation of the ranks, equal values sharing the mean of theirs; 0 where one list has no order.

    Args:
        first: at least two values.
        second: as many.
    """
    try:
        return correlation(_ranks(first), _ranks(second))
    except StatisticsError:  # fewer than two, or all are equal
        return 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for index in order[start:end]:
            ranks[index] = (start + end - 1) / 2
        start = end
    return ranks

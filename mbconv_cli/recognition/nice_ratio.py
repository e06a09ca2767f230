"""The ratio that a paper would print: of all that give these channels the plainest."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import Final

UNITS: Final = (1, 2, 4, 10, 8, 20, 16, 100, 1_000, 10_000)
"""Parts of one in which ratios are given, the most usual first: quarters before tenths."""
_MOST_TRIES: Final = 200


def nice_ratio(
    pairs: frozenset[tuple[int, int]], applied: Callable[[int, float], int], slack: int, most: float
) -> float | None:
    """A ratio that makes the second number of every pair of the first; None where none does.

    Args:
        pairs: (base, what the ratio makes of it).
        applied: (base, ratio) -> what comes out, rounded as it may be.
        slack: by how much rounding may change what comes out.
        most: the largest ratio there may be.
    """
    low = max((made - slack) / base for base, made in pairs)
    high = min(most, *((made + slack) / base for base, made in pairs))
    for unit in UNITS:
        tries = range(max(ceil(low * unit), 1), floor(high * unit) + 1)
        middle = sum(made / base for base, made in pairs) / len(pairs) * unit
        if len(tries) > _MOST_TRIES:
            tries = range(
                max(tries[0], round(middle) - _MOST_TRIES // 2), min(tries[-1], round(middle) + _MOST_TRIES // 2) + 1
            )
        for step in sorted(tries, key=lambda step: abs(step - middle)):
            if all(applied(base, step / unit) == made for base, made in pairs):
                return step / unit if step % unit else step // unit
    exact = [made / base for base, made in pairs]
    fitting = (ratio for ratio in exact if 0 < ratio <= most and all(applied(b, ratio) == m for b, m in pairs))
    return next(fitting, None)

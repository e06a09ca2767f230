"""Ridge regression in plain Python: a few dozen unknowns, so that a prediction needs no numerical library."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from itertools import combinations
from typing import Final

RIDGE: Final = 1e-4
"""Of the diagonal's mean: enough to decide between columns that are alike, too little to bend a curve."""


def not_negative(rows: Sequence[Sequence[float]], values: Sequence[float]) -> tuple[float, ...]:
    """The coefficients, none below zero, that minimize the squared errors.

    The best of all choices of columns whose own solution has none below zero, which is where the minimum is (Lawson and
    Hanson, Solving Least Squares Problems, chapter 23); of three columns there are seven.

    Args:
        rows: `[observations][columns]`, of few columns.
        values: one for each observation.
    """
    size = len(rows[0])
    best, found = math.inf, (0.0,) * size
    for chosen in (each for count in range(1, size + 1) for each in combinations(range(size), count)):
        kept = [[row[column] for column in chosen] for row in rows]
        if not all(any(column) for column in zip(*kept, strict=True)):
            continue
        solved = ridge(kept, values, damping=_TINY)
        error = math.fsum((_dot(row, solved) - value) ** 2 for row, value in zip(kept, values, strict=True))
        if min(solved) >= 0 and error < best:
            best, found = error, tuple(dict(zip(chosen, solved, strict=True)).get(index, 0.0) for index in range(size))
    return found


_TINY: Final = 1e-12


def ridge(rows: Sequence[Sequence[float]], values: Sequence[float], *, damping: float = RIDGE) -> list[float]:
    """The coefficients that minimize the squared errors and a little of their own squares.

    By the normal equations and Cholesky's decomposition (Golub and Van Loan, Matrix Computations, sections 4.2, 5.3).

    Args:
        rows: `[observations][columns]`.
        values: one for each observation.
        damping: of the coefficients, as a share of the columns' mean square.
    """
    columns = list(zip(*rows, strict=True))
    size = len(columns)
    products = [[_dot(a, b) for b in columns[: index + 1]] for index, a in enumerate(columns)]
    right = [_dot(column, values) for column in columns]
    added = damping * sum(products[index][index] for index in range(size)) / size
    for index in range(size):
        products[index][index] += added
    return _solved(_cholesky(products), right)


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(map(operator.mul, one, other))


def _cholesky(lower: list[list[float]]) -> list[list[float]]:
    """The lower triangle of a positive definite matrix as the factor whose square it is."""
    factor: list[list[float]] = []
    for row, given in enumerate(lower):
        done: list[float] = []
        for column in range(row):
            other = factor[column]
            done.append((given[column] - _dot(done, other[:column])) / other[column])
        done.append(math.sqrt(given[row] - _dot(done, done)))
        factor.append(done)
    return factor


def _solved(factor: list[list[float]], right: Sequence[float]) -> list[float]:
    """Forward, then backward substitution."""
    size = len(factor)
    forward: list[float] = []
    for row, value in zip(factor, right, strict=True):
        forward.append((value - _dot(row[: len(forward)], forward)) / row[len(forward)])
    found = [0.0] * size
    for index in reversed(range(size)):
        rest = sum(factor[later][index] * found[later] for later in range(index + 1, size))
        found[index] = (forward[index] - rest) / factor[index][index]
    return found

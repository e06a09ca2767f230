"""The time of one kind of op: what its work takes, bent by its sizes, and by what its neighbours took.

First the least that explains the times: a start, so much for each MAC, and so much for each element that is moved. Then
a curve for what that leaves: a quadratic polynomial of the sizes' logarithms, for kernels are the more efficient the
larger they are. Kernels also have habits that no curve follows, so the nearest measured ops correct it (a kernel
smoother: Nadaraya, Theory of Probability and Its Applications 9, 1964).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import pstdev
from typing import Final

from mbconv_cli.analysis.prediction.least_squares import not_negative, ridge
from mbconv_cli.analysis.prediction.op_traits import Bounds, Traits, bounds

NEIGHBOURHOOD: Final = 0.3
"""Of the smoother, as a logarithm: an op 1.35 times as large in one size counts as 0.6 of an equal one."""
DOUBT: Final = 0.5
"""Ops of weight 1 that the curve counts for among the neighbours."""
CURVE_DAMPING: Final = 1e-3
_NEGLIGIBLE: Final = 3.0  # neighbourhoods


@dataclass(frozen=True, slots=True)
class Timed:
    """An op that was measured within its network, or several equal ones.

    Attributes:
        traits: what they are.
        milliseconds: of one run, in the mean.
        count: how many equal ones the network has.
    """

    traits: Traits
    milliseconds: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Scale:
    """Logarithms of sizes as multiples of their spread around their mean, as a polynomial is fitted best."""

    centres: tuple[float, ...]
    spreads: tuple[float, ...]

    def place(self, logs: Sequence[float]) -> list[float]:
        """The sizes on this scale."""
        return [(log - centre) / spread for log, centre, spread in zip(logs, self.centres, self.spreads, strict=True)]


@dataclass(frozen=True, slots=True)
class OpModel:
    """The time of one kind of op.

    Attributes:
        work: ms of a start, of a MAC, and of an element moved.
        scale: of the curve's sizes.
        coefficients: of the curve's terms.
        points: the logarithms of the sizes of what was measured.
        residuals: what the logarithms of their times are above work and curve.
        measured: the bounds of their sizes.
    """

    work: tuple[float, ...]
    scale: Scale
    coefficients: tuple[float, ...]
    points: tuple[tuple[float, ...], ...]
    residuals: tuple[float, ...]
    measured: Bounds

    def milliseconds(self, one: Traits) -> float:
        """The time of an op of this kind."""
        logs = one.logs
        return _work_ms(self.work, one) * math.exp(self._curve(logs) + self._bend(logs))

    def _curve(self, logs: Sequence[float]) -> float:
        return sum(a * b for a, b in zip(self.coefficients, terms(self.scale.place(logs)), strict=True))

    def _bend(self, logs: Sequence[float]) -> float:
        """What neighbours were off, the nearest the most; nothing where there are none."""
        whole, weights = 0.0, 0.0
        for point, residual in zip(self.points, self.residuals, strict=True):
            distance = math.dist(point, logs) / NEIGHBOURHOOD
            if distance < _NEGLIGIBLE:
                weight = math.exp(-distance * distance / 2)
                whole += weight * residual
                weights += weight
        return whole / (weights + DOUBT)


def fit(timed: Sequence[Timed]) -> OpModel:
    """The model of ops of one kind, at least one."""
    work = _work([one.traits for one in timed], [one.milliseconds for one in timed])
    points = tuple(one.traits.logs for one in timed)
    above = [math.log(one.milliseconds / _work_ms(work, one.traits)) for one in timed]
    scale = _scale(points)
    rows = [terms(scale.place(point)) for point in points]
    coefficients = tuple(ridge(rows, above, damping=CURVE_DAMPING))
    residuals = tuple(
        log - sum(a * b for a, b in zip(coefficients, row, strict=True)) for log, row in zip(above, rows, strict=True)
    )
    return OpModel(work, scale, coefficients, points, residuals, bounds([one.traits for one in timed]))


def terms(sizes: Sequence[float]) -> tuple[float, ...]:
    """1, the sizes, and the products of every two of them."""
    products = [a * b for index, a in enumerate(sizes) for b in sizes[index:]]
    return (1.0, *sizes, *products)


def _work(ops: Sequence[Traits], times: Sequence[float]) -> tuple[float, ...]:
    """What a start, a MAC and an element take, for the least relative errors."""
    rows = [[1 / time, op.macs / time, op.elements / time] for op, time in zip(ops, times, strict=True)]
    largest = [max(column) or 1.0 for column in zip(*rows, strict=True)]
    scaled = [[value / most for value, most in zip(row, largest, strict=True)] for row in rows]
    found = not_negative(scaled, [1.0] * len(rows))
    return tuple(each / most for each, most in zip(found, largest, strict=True))


def _work_ms(work: Sequence[float], op: Traits) -> float:
    start, of_mac, of_element = work
    return start + of_mac * op.macs + of_element * op.elements


def _scale(points: Sequence[Sequence[float]]) -> Scale:
    columns = list(zip(*points, strict=True))
    centres = tuple(sum(column) / len(column) for column in columns)
    return Scale(centres, tuple(pstdev(column) or 1.0 for column in columns))

"""A control variate: what a latency would be at the machine's quiet speed.

A machine is not equally fast at all times, and what slows down a network slows down a reference workload beside it,
too. On a logarithmic scale the latency of each process is corrected by how much slower the reference ran there than at
the quiet speed (Lavenberg and Welch, A perspective on the use of control variables, Management Science 27, 1981).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, geometric_mean, median
from typing import Final

from mbconv_cli.measure.statistics.estimates import Estimate, process_mean

COEFFICIENT: Final = 1.0
"""Of log(latency) on log(reference), fixed beforehand: a coefficient fitted to the rounds of one profile is too small
whenever the machine is quiet, since the reference's own noise is then most of what it sees. All that computes takes a
tenth longer with a clock that is slower by a tenth. From profile to profile on one thread, 0.7 and 1.1 were best in 36
quiet profiles of efficientnet-b0 and mobilenet-v3-small, and 1.2 and more in 46 others and beside a busy core."""
COEFFICIENT_DEVIATION: Final = 0.25
"""How far the true coefficient of a network may be from that; so a corrected figure is known the worse, the more there
was to correct."""
BETWEEN_RUNS: Final = 0.015
"""What still differs between corrected runs, as a share, and no run sees. On two shared cores 36 profiles had a
standard deviation of 1.2 to 1.5 % in one quarter of an hour, and 46 of 3.5 % in another: with 0.8 % their 95 %
intervals held the median of all in 76 % of the runs, with 1.5 % in 89 %."""
_NORMAL_QUANTILE: Final = 1.959964


@dataclass(frozen=True, slots=True)
class ProcessFigure:
    """What one process measured.

    Attributes:
        latency_ms: its estimate of the latency.
        reference_ms: its level of the reference workload, where that ran.
    """

    latency_ms: float
    reference_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A latency at the quiet speed.

    Attributes:
        estimate: in ms.
        slowdown: of the reference workload while measuring, over the quiet speed; below 1 it was faster.
    """

    estimate: Estimate
    slowdown: float


def reference_level(samples: Sequence[Sequence[float]]) -> float:
    """The geometric mean of each kernel's median time, in ms.

    Args:
        samples: `[samples][kernels]`, in ms.
    """
    return math.exp(fmean(math.log(median(of_kernel)) for of_kernel in zip(*samples, strict=True)))


def process_figure(latency_ms: float, reference: Sequence[Sequence[float]]) -> ProcessFigure:
    """A process's latency beside the level of the reference workload.

    Args:
        latency_ms: its estimate.
        reference: `[samples][kernels]`, in ms; empty where the workload did not run.
    """
    return ProcessFigure(latency_ms, reference_level(reference) if reference else None)


def best_level(levels: Sequence[float]) -> float:
    """The best level of the reference workload: of three processes or more the second best, which is no single luck.

    Args:
        levels: one of each process.
    """
    return sorted(levels)[1 if len(levels) > 2 else 0]


def speed_factor(level_ms: float, quiet_ms: float) -> float:
    """What a latency is multiplied by to be as at the quiet speed.

    Args:
        level_ms: of the reference workload beside it.
        quiet_ms: its level at the quiet speed.
    """
    return math.pow(quiet_ms / level_ms, COEFFICIENT)


def corrected_latencies(figures: Sequence[ProcessFigure], quiet_ms: float) -> list[float]:
    """Each process's latency as it would be at the quiet speed, in ms.

    Args:
        figures: what they measured, the reference workload among it.
        quiet_ms: the level of the reference workload at the quiet speed.
    """
    levels = known_levels(figures)
    return [one.latency_ms * speed_factor(level, quiet_ms) for one, level in zip(figures, levels, strict=True)]


def known_levels(figures: Sequence[ProcessFigure]) -> list[float]:
    """The level of the reference workload in every process; none unless it ran in all of them."""
    levels = [one.reference_ms for one in figures if one.reference_ms is not None]
    return levels if len(levels) == len(figures) else []


def correction_error(slowdown: float) -> float:
    """The standard error of the logarithm of a corrected ratio of two runs, beside that of their own means.

    Args:
        slowdown: of the reference workload from one run to the other.
    """
    return math.hypot(COEFFICIENT_DEVIATION * math.log(slowdown), math.sqrt(2) * BETWEEN_RUNS)


def at_quiet_speed(
    processes: Sequence[ProcessFigure], quiet_ms: float, *, left_out: int = 0, half_width: float = 0.0
) -> Corrected:
    """The mean of the processes' corrected latencies; its interval knows that the coefficient is not known exactly.

    Args:
        processes: those that count.
        quiet_ms: the level of the reference workload at the quiet speed.
        left_out: how many others were left out as disturbed.
        half_width: of the interval of the only process, as a share; several have one across them.
    """
    slowdown = geometric_mean(known_levels(processes)) / quiet_ms
    latencies = corrected_latencies(processes, quiet_ms)
    if len(latencies) > 1:
        across = process_mean(latencies, left_out)
    else:
        across = Estimate(latencies[0], latencies[0] * (1 - half_width), latencies[0] * (1 + half_width))
    unknown = math.hypot(COEFFICIENT_DEVIATION * math.log(slowdown), BETWEEN_RUNS) * _NORMAL_QUANTILE
    half = math.hypot((across.high - across.low) / 2, across.value * unknown)
    return Corrected(Estimate(across.value, across.value - half, across.value + half), slowdown)

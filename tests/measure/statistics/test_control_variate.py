"""The correction to the quiet speed: what it computes, and what it does on simulated machines that change speed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from statistics import fmean, median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.measure.statistics.control_variate import (
    BETWEEN_RUNS,
    COEFFICIENT,
    COEFFICIENT_DEVIATION,
    Corrected,
    ProcessFigure,
    at_quiet_speed,
    best_level,
    corrected_latencies,
    process_figure,
    reference_level,
)
from mbconv_cli.measure.statistics.estimates import process_mean

QUIET_MS = 0.5


def test_the_level_is_the_geometric_mean_of_the_kernels_medians() -> None:
    samples = [(0.2, 0.8), (0.3, 0.9), (9.0, 0.7)]
    assert reference_level(samples) == pytest.approx(math.sqrt(0.3 * 0.8))


@pytest.mark.parametrize(
    ("levels", "best"), [([0.5], 0.5), ([0.6, 0.5], 0.5), ([0.6, 0.5, 0.7], 0.6), ([0.4, 0.5, 0.5, 0.9], 0.5)]
)
def test_the_best_level_is_no_single_luck(levels: list[float], best: float) -> None:
    assert best_level(levels) == best


def test_a_latency_is_corrected_by_as_much_as_the_reference_was_slower() -> None:
    slower = ProcessFigure(10.0 * 1.2**COEFFICIENT, 0.6)
    assert corrected_latencies([slower, ProcessFigure(10.0, 0.5)], 0.5) == pytest.approx([10.0, 10.0])


def test_a_process_without_a_reference_has_no_level() -> None:
    assert process_figure(10.0, [(0.2, 0.8), (0.2, 0.8)]).reference_ms == pytest.approx(0.4)
    assert process_figure(10.0, []) == ProcessFigure(10.0)


def test_a_quiet_machine_is_left_as_measured_but_for_what_no_run_sees() -> None:
    latencies = [10.0, 10.2, 9.9, 10.1, 9.8]
    found = at_quiet_speed([ProcessFigure(one, QUIET_MS) for one in latencies], QUIET_MS)
    plain = process_mean(latencies)
    assert found.slowdown == pytest.approx(1.0)
    assert found.estimate.value == pytest.approx(plain.value)
    half = math.hypot((plain.high - plain.low) / 2, 1.959964 * BETWEEN_RUNS * plain.value)
    assert found.estimate.high - found.estimate.value == pytest.approx(half)


def test_the_more_there_was_to_correct_the_worse_it_is_known() -> None:
    def precision(slowdown: float) -> float:
        figures = [ProcessFigure(slowdown * one, slowdown * QUIET_MS) for one in (10.0, 10.1, 9.9)]
        return at_quiet_speed(figures, QUIET_MS).estimate.precision

    assert precision(1.0) < precision(1.05) < precision(1.2)
    assert precision(2.0) > 1.959964 * COEFFICIENT_DEVIATION * math.log(2.0)


def test_one_process_has_its_own_interval() -> None:
    found = at_quiet_speed([ProcessFigure(10.0 * 1.2**COEFFICIENT, 0.6)], QUIET_MS, half_width=0.1)
    assert found.estimate.value == pytest.approx(10.0)
    assert found.estimate.precision > 0.1


@given(st.floats(0.1, 10.0), st.lists(st.floats(1.0, 2.0), min_size=2, max_size=8))
def test_a_slowdown_of_everything_changes_the_figure_by_nothing(factor: float, paces: list[float]) -> None:
    def corrected(by: float) -> Corrected:
        figures = [ProcessFigure(by**COEFFICIENT * 10 * pace, by * QUIET_MS) for pace in paces]
        return at_quiet_speed(figures, QUIET_MS)

    assert corrected(factor).estimate.value == pytest.approx(corrected(1.0).estimate.value)
    assert corrected(factor).slowdown == pytest.approx(factor)


def run_of(order: random.Random, drift: float, coefficient: float) -> tuple[list[ProcessFigure], float]:
    """A profile of five processes while the machine is at one of its speeds: of 10 ms, a process differing by 2 %."""
    slow = abs(order.gauss(0, drift))
    figures = [
        ProcessFigure(
            10 * math.exp(coefficient * slow + order.gauss(0, 0.02)), QUIET_MS * math.exp(slow + order.gauss(0, 0.01))
        )
        for _ in range(5)
    ]
    return figures, slow


def repeated(corrected: Callable[[list[ProcessFigure]], float], coefficient: float) -> float:
    """The standard deviation of the log of the headline over many profiles."""
    order = random.Random(0)
    return stdev(math.log(corrected(run_of(order, 0.08, coefficient)[0])) for _ in range(1_000))


@pytest.mark.parametrize("coefficient", [COEFFICIENT - 0.25, COEFFICIENT, COEFFICIENT + 0.25])
def test_a_headline_repeats_better_than_the_raw_one_for_all_coefficients_that_were_seen(coefficient: float) -> None:
    raw = repeated(lambda figures: fmean(one.latency_ms for one in figures), coefficient)
    new = repeated(lambda figures: at_quiet_speed(figures, QUIET_MS).estimate.value, coefficient)
    assert new < 0.6 * raw
    assert new < 0.025


@pytest.mark.parametrize("coefficient", [COEFFICIENT - 0.25, COEFFICIENT, COEFFICIENT + 0.25])
@pytest.mark.parametrize("drift", [0.0, 0.05, 0.15])
def test_the_interval_holds_the_time_at_quiet_speed_as_often_as_it_promises(coefficient: float, drift: float) -> None:
    order = random.Random(1)
    found = [at_quiet_speed(run_of(order, drift, coefficient)[0], QUIET_MS).estimate for _ in range(1_000)]
    assert fmean(one.low <= 10 <= one.high for one in found) >= 0.93


def test_the_interval_without_correction_does_not() -> None:
    order = random.Random(1)
    runs = [run_of(order, 0.08, 1.0)[0] for _ in range(1_000)]
    found = [process_mean([one.latency_ms for one in figures]) for figures in runs]
    middle = median(one.value for one in found)
    assert fmean(one.low <= middle <= one.high for one in found) < 0.7

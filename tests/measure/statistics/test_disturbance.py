"""Disturbed processes: recognised, left out, and what that does to a profile's interval, by simulation."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.measure.statistics.disturbance import disturbed
from mbconv_cli.measure.statistics.estimates import Estimate, process_mean


@pytest.mark.parametrize(
    ("figures", "left_out"),
    [
        ([13.0, 28.0, 13.2, 27.0, 13.1], {1, 3}),  # five default profiles on two shared cores
        ([13.0, 19.5, 13.2, 13.4, 13.1], {1}),
        ([13.0, 13.2, 14.2, 13.1, 13.3], set()),  # 8 % is what processes differ by
        ([28.0, 27.0, 13.0, 26.0, 13.1], set()),  # a majority: nobody knows which half is right
        ([10.0, 20.0, 10.0, 20.0], set()),
        ([10.0, 10.0, 20.0], {2}),
        ([10.0, 20.0], set()),
        ([20.0, 20.0, 10.0, 20.0, 20.0], set()),  # nothing makes a process faster than the machine is
        ([10.0], set()),
    ],
)
def test_which_are_left_out(figures: list[float], left_out: set[int]) -> None:
    assert disturbed(figures) == left_out


@given(st.lists(st.floats(min_value=1e-3, max_value=1e3), min_size=1, max_size=30), st.floats(0.01, 100))
def test_a_minority_at_most_and_the_unit_does_not_matter(figures: list[float], unit: float) -> None:
    found = disturbed(figures)
    assert 2 * len(found) < len(figures)
    assert not found or min(figures[index] for index in found) > min(figures)
    assert len(found ^ disturbed([unit * figure for figure in figures])) <= 1  # rounding at the very limit


@given(st.permutations([13.0, 28.0, 13.2, 27.0, 13.1, 13.6, 14.0]))
def test_the_order_does_not_matter(figures: list[float]) -> None:
    assert sorted(figures[index] for index in disturbed(figures)) == [27.0, 28.0]


def profiled(order: random.Random, spread: float, slowed: float) -> Estimate:
    """A profile of five processes of 10 ms, each slowed down to 1.5 times with some probability, two replaced."""
    figures: list[float] = []
    out: frozenset[int] = frozenset()
    while len(figures) - len(out) < 5 and len(figures) < 7:
        figures.append(10 * order.lognormvariate(0, spread) * (1.5 if order.random() < slowed else 1.0))
        out = disturbed(figures) if len(figures) >= 5 else frozenset()
    return process_mean([figure for index, figure in enumerate(figures) if index not in out], len(out))


@pytest.mark.parametrize("spread", [0.01, 0.03, 0.1])
@pytest.mark.parametrize("slowed", [0.0, 0.1])
def test_the_interval_holds_the_undisturbed_time_as_often_as_it_promises(spread: float, slowed: float) -> None:
    order = random.Random(0)
    profiles = [profiled(order, spread, slowed) for _ in range(2_000)]
    held = fmean(one.low <= 10 <= one.high for one in profiles)
    assert held >= 0.92


def test_profiles_with_a_disturbed_process_repeat_as_well_as_those_without() -> None:
    order = random.Random(1)
    deviations = []
    for _ in range(500):
        figures = [10 * order.lognormvariate(0, 0.01) for _ in range(5)]
        figures[order.randrange(5)] *= 1.5
        out = disturbed(figures)
        kept = process_mean([figure for index, figure in enumerate(figures) if index not in out], len(out))
        deviations.append(abs(kept.value / 10 - 1))
    assert fmean(deviations) < 0.01
    assert max(deviations) < 0.03

"""Samples -> estimates, against figures computed by hand and by simulation."""

from __future__ import annotations

import math
import random
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.runtime.estimates import Estimate, central_half, median_interval, midmeans

TIMES = st.floats(min_value=0, max_value=1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("count", "lowest", "highest"),
    [
        # (count, 1-based ranks of the order statistics): David and Nagaraja, section 7.1; binomial tails beside them
        (1, 1, 1),
        (5, 1, 5),  # 1/32 = 3.1 % below the first: no pair reaches 95 %, so the range
        (6, 1, 6),  # 1/64 = 1.6 %
        (8, 1, 8),  # 1/256 = 0.4 %, but 9/256 = 3.5 % below the second
        (9, 2, 8),  # 10/512 = 2.0 %
        (12, 3, 10),  # 79/4096 = 1.9 %
        (20, 6, 15),  # 21,700/2^20 = 2.1 %
        (100, 40, 61),
    ],
)
def test_interval_is_the_pair_of_order_statistics_computed_by_hand(count: int, lowest: int, highest: int) -> None:
    samples = [float(rank) for rank in range(1, count + 1)]
    random.Random(0).shuffle(samples)
    assert median_interval(samples) == Estimate((count + 1) / 2, lowest, highest)


def test_ranks_are_those_of_exact_arithmetic_for_every_number_of_samples() -> None:
    for count in range(1, 400):
        rank, below = 0, 1
        while 40 * below <= 2**count:  # at most 2.5 %
            rank += 1
            below += math.comb(count, rank)
        lowest = max(rank, 1)
        assert median_interval(range(1, count + 1)).low == lowest


@pytest.mark.parametrize("count", [1_250, 20_000])
def test_many_samples_do_not_overflow(count: int) -> None:
    estimate = median_interval(range(count))
    half = 1.96 * math.sqrt(count) / 2
    assert estimate.low == pytest.approx(count / 2 - half, abs=2)
    assert estimate.high == pytest.approx(count / 2 + half, abs=2)


def test_interval_holds_the_true_median_in_95_of_100_cases_of_a_skewed_distribution() -> None:
    generator = random.Random(20)
    trials, held = 2_000, 0
    for _ in range(trials):
        estimate = median_interval([generator.lognormvariate(0, 1) for _ in range(25)])
        held += estimate.low <= 1 <= estimate.high
    assert 0.94 <= held / trials <= 0.98  # 95.7 % exactly, with 25 samples


def test_precision_is_half_the_width_as_a_share() -> None:
    assert Estimate(10, 9, 12).precision == pytest.approx(0.15)
    assert Estimate(0, 0, 0).precision == math.inf


@pytest.mark.parametrize(
    ("totals", "kept"),
    [
        ([5], [0]),
        ([3, 1, 2], [1, 2, 0]),
        ([3, 1, 4, 2], [3, 0]),
        ([80, 10, 30, 20, 40, 70, 60, 50], [2, 4, 7, 6]),
    ],
)
def test_central_half_sets_a_quarter_aside_at_each_end(totals: list[float], kept: list[int]) -> None:
    assert central_half(totals) == kept


@st.composite
def passes_and_groups(draw: st.DrawFn) -> tuple[list[list[float]], list[list[int]]]:
    ops = draw(st.integers(1, 8))
    passes = draw(st.lists(st.lists(TIMES, min_size=ops, max_size=ops), min_size=1, max_size=20))
    group_of = draw(st.lists(st.integers(0, 3), min_size=ops, max_size=ops))
    return passes, [[op for op in range(ops) if group_of[op] == group] for group in range(4)]


@given(passes_and_groups())
def test_midmeans_of_any_groups_add_up_to_the_midmean_of_the_totals(
    drawn: tuple[list[list[float]], list[list[int]]],
) -> None:
    passes, groups = drawn
    totals = [math.fsum(times) for times in passes]
    midmean = fmean(totals[index] for index in central_half(totals))
    estimates = midmeans(passes, groups)
    assert math.fsum(estimate.value for estimate in estimates) == pytest.approx(midmean, rel=1e-12, abs=1e-12)


def test_an_outlier_does_not_enter_a_midmean() -> None:
    passes = [[1.0, 2.0]] * 7 + [[1.0, 900.0]]
    first, second = midmeans(passes, [[0], [1]])
    assert (first.value, second.value) == (1.0, 2.0)
    assert (second.low, second.high) == (2.0, 2.0)


def test_interval_of_a_midmean_is_that_of_a_mean() -> None:
    passes = [[value] for value in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 99.0)]  # the central half: 2 to 5
    (estimate,) = midmeans(passes, [[0]])
    assert estimate.value == 3.5
    half = 1.959964 * math.sqrt(5 / 3) / 2
    assert estimate.high - estimate.value == pytest.approx(half)
    assert estimate.value - estimate.low == pytest.approx(half)


def test_one_pass_has_an_estimate_without_width() -> None:
    assert midmeans([[1.0, 2.0]], [[0, 1], []]) == [Estimate(3.0, 3.0, 3.0), Estimate(0.0, 0.0, 0.0)]
    assert median_interval([7.0]) == Estimate(7.0, 7.0, 7.0)


@given(st.lists(TIMES, min_size=1, max_size=60))
def test_interval_holds_the_samples_median(samples: list[float]) -> None:
    estimate = median_interval(samples)
    assert estimate.low <= estimate.value <= estimate.high
    assert estimate.value == median(samples)

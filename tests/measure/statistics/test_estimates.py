"""Samples -> estimates, against figures computed by hand and by simulation."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import accumulate
from statistics import fmean, median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.measure.statistics.estimates import (
    Estimate,
    central_half,
    interval_ranks,
    median_interval,
    midmeans,
    percentiles,
    process_mean,
)

TIMES = st.floats(min_value=0, max_value=1e6, allow_nan=False)
TRIALS = 400


def many_series(count: int, dependence: float, seed: int = 0) -> Iterator[list[float]]:
    """Autoregressive series of order 1 about 0, of which each sample resembles the one before by so much."""
    generator = random.Random(seed)
    for _ in range(TRIALS):
        value, series = generator.gauss(), []
        for _ in range(count):
            series.append(value)
            value = dependence * value + math.sqrt(1 - dependence**2) * generator.gauss()
        yield series


def evenly_mixed(count: int) -> list[float]:
    """1 to count, in an order in which every stretch has its share of small and large ones."""
    step = next(step for step in range(round(0.618 * count), count) if math.gcd(step, count) == 1)
    return [1.0 + index * step % count for index in range(count)]


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
def test_ranks_are_those_computed_by_hand(count: int, lowest: int, highest: int) -> None:
    low, high = interval_ranks(count, 0.5)
    assert (max(low, 0) + 1, min(high, count - 1) + 1) == (lowest, highest)


def test_ranks_of_the_median_are_those_of_exact_arithmetic_for_every_number_of_samples() -> None:
    for count in range(1, 400):
        rank, below = 0, 1
        while 40 * below <= 2**count:  # at most 2.5 %
            rank += 1
            below += math.comb(count, rank)
        assert interval_ranks(count, 0.5) == (rank - 1, count - rank)


@pytest.mark.parametrize("percent", [10, 50, 90, 95, 99])
def test_ranks_of_a_percentile_are_those_of_exact_arithmetic(percent: int) -> None:
    for count in (1, 5, 35, 36, 71, 72, 100, 367, 368):
        ways = (math.comb(count, k) * percent**k * (100 - percent) ** (count - k) for k in range(count + 1))
        below = list(accumulate(ways))  # k samples at most, of 100**count
        low = sum(40 * ways <= 100**count for ways in below) - 1
        high = next((k for k in range(count) if 40 * (100**count - below[k]) <= 100**count), count)
        assert interval_ranks(count, percent / 100) == (low, high)


@pytest.mark.parametrize("count", [1_250, 20_000, 1_000_000])
def test_many_samples_do_not_overflow(count: int) -> None:
    half = 1.96 * math.sqrt(count) / 2
    assert interval_ranks(count, 0.5) == pytest.approx((count / 2 - half, count / 2 + half), abs=2)


def test_ranks_move_away_from_the_middle_where_samples_resemble_their_neighbours() -> None:
    assert interval_ranks(100, 0.5) == (39, 60)
    assert interval_ranks(100, 0.5, 1.5) == (33, 66)  # 11 below the middle become 16.5
    assert interval_ranks(100, 0.5, 10.0) == (-60, 159)


@pytest.mark.parametrize(("dependence", "least", "most"), [(0.0, 0.94, 0.99), (0.6, 0.91, 0.99)])
@pytest.mark.parametrize("count", [60, 300])
def test_interval_holds_the_true_median_in_95_of_100_cases(
    count: int, dependence: float, least: float, most: float
) -> None:
    held = [
        estimate.low <= 1 <= estimate.high
        for estimate in (median_interval([math.exp(x) for x in series]) for series in many_series(count, dependence))
    ]
    assert least <= fmean(held) <= most


def test_interval_that_takes_samples_as_independent_would_hold_it_too_seldom() -> None:
    low, high = interval_ranks(300, 0.5)
    held = [ordered[low] <= 0 <= ordered[high] for ordered in (sorted(series) for series in many_series(300, 0.6))]
    assert fmean(held) < 0.85


def test_a_drift_widens_the_interval_to_what_it_crossed() -> None:
    rising = [100 + index / 10 for index in range(100)]
    estimate = median_interval(rising)
    random.Random(0).shuffle(rising)
    assert estimate.high - estimate.low > 2 * (median_interval(rising).high - median_interval(rising).low)


def test_samples_that_are_all_the_same_have_an_interval_without_width() -> None:
    assert median_interval([3.0] * 50) == Estimate(3, 3, 3)


@pytest.mark.parametrize(("count", "supported"), [(35, []), (60, [90]), (200, [90, 95]), (2_000, [90, 95, 99])])
def test_percentiles_are_told_where_their_interval_ends_within_the_samples(count: int, supported: list[int]) -> None:
    assert list(percentiles([evenly_mixed(count)])) == supported


def test_percentiles_are_order_statistics_within_their_intervals() -> None:
    estimates = percentiles([evenly_mixed(2_000)])
    assert {percent: estimate.value for percent, estimate in estimates.items()} == {90: 1_800, 95: 1_900, 99: 1_980}
    assert all(estimate.low < estimate.value < estimate.high <= 2_000 for estimate in estimates.values())


def test_percentiles_of_a_drift_take_more_samples() -> None:
    assert 90 in percentiles([evenly_mixed(60)])
    assert percentiles([[float(index) for index in range(60)]]) == {}


def test_interval_of_a_percentile_holds_the_true_one() -> None:
    true = math.log(20)  # of an exponential distribution, 95 %
    generator = random.Random(7)
    drawn = ([generator.expovariate(1) for _ in range(400)] for _ in range(TRIALS))
    held = [estimate.low <= true <= estimate.high for estimate in (percentiles([samples])[95] for samples in drawn)]
    assert fmean(held) >= 0.94


def test_interval_of_a_percentile_knows_of_the_paces_of_processes() -> None:
    alike = [evenly_mixed(100) for _ in range(5)]
    differing = [[(0.9 + 0.05 * pace) * sample for sample in samples] for pace, samples in enumerate(alike)]
    narrow, wide = (percentiles(processes)[90] for processes in (alike, differing))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert 90 not in percentiles([evenly_mixed(100), [2 * sample for sample in evenly_mixed(100)]])


def test_mean_of_processes_by_hand() -> None:
    half = 4.302653 / math.sqrt(3)
    estimate = process_mean([1.0, 2.0, 3.0])
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((2.0, 2 - half, 2 + half))


def test_interval_across_processes_holds_what_that_of_pooled_samples_does_not() -> None:
    generator = random.Random(11)
    across, within = [], []
    for _ in range(TRIALS):
        paces = [generator.gauss(100, 2.5) for _ in range(5)]
        processes = [[generator.gauss(pace, 1.0) for _ in range(30)] for pace in paces]
        of_all = process_mean([median(samples) for samples in processes])
        pooled = median_interval([sample for samples in processes for sample in samples])
        across.append(of_all.low <= 100 <= of_all.high)
        within.append(pooled.low <= 100 <= pooled.high)
    assert fmean(across) >= 0.93
    assert fmean(within) < fmean(across)
    assert fmean(median_interval(samples).precision for samples in processes) < 0.01


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


def test_interval_of_the_totals_midmean_is_that_of_a_trimmed_mean() -> None:
    passes = [[value] for value in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 99.0)]  # the central half: 2 to 5
    (estimate,) = midmeans(passes, [[0]])
    assert estimate.value == 3.5
    winsorized = [2.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0]
    half = 2.364624 * stdev(winsorized) / math.sqrt(8) / (4 / 8)
    assert estimate.high - estimate.value == pytest.approx(half)
    assert estimate.value - estimate.low == pytest.approx(half)


def test_interval_of_a_group_that_has_nothing_to_do_with_the_total_is_that_of_a_mean_over_the_central_half() -> None:
    noise = [0.1, -0.1, 0.1, -0.1, -0.1, 0.1, -0.1, 0.1]  # no slope against 0 to 7
    passes = [[1 + extra, index - extra] for index, extra in enumerate(noise)]
    first, _ = midmeans(passes, [[0], [1]])
    counted = [0.0, 0.0, *noise[2:6], 0.0, 0.0]
    assert first.value == pytest.approx(1)
    assert first.high - first.value == pytest.approx(2.364624 * stdev(counted) / math.sqrt(8) / (4 / 8))


@pytest.mark.parametrize(("dependence", "least"), [(0.0, 0.93), (0.6, 0.9)])
def test_intervals_of_midmeans_hold_the_true_ones_in_95_of_100_cases(dependence: float, least: float) -> None:
    held: list[list[bool]] = [[], [], []]
    for common, own in zip(many_series(200, dependence, 1), many_series(200, dependence, 2), strict=True):
        passes = [[10 + x, 5 + y / 2] for x, y in zip(common, own, strict=True)]
        for group, (true, estimate) in enumerate(zip((10, 5, 15), midmeans(passes, [[0], [1], [0, 1]]), strict=True)):
            held[group].append(estimate.low <= true <= estimate.high)
    assert all(least <= fmean(group) <= 0.99 for group in held)


def test_one_pass_has_an_estimate_without_width() -> None:
    assert midmeans([[1.0, 2.0]], [[0, 1], []]) == [Estimate(3.0, 3.0, 3.0), Estimate(0.0, 0.0, 0.0)]
    assert median_interval([7.0]) == Estimate(7.0, 7.0, 7.0)


@given(st.lists(TIMES, min_size=1, max_size=60))
def test_interval_holds_the_samples_median(samples: list[float]) -> None:
    estimate = median_interval(samples)
    assert estimate.low <= estimate.value <= estimate.high
    assert estimate.value == median(samples)

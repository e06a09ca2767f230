from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.frontier.ranking import (
    OnFront,
    Point,
    beats_perhaps,
    beats_surely,
    on_front,
    rank_ranges,
)

FIGURES = st.integers(0, 20).map(float)
POINTS = st.lists(
    st.builds(lambda low, width, merit: Point(low, low + width, merit), FIGURES, st.integers(0, 4), FIGURES),
    max_size=12,
)
EXACT_POINTS = st.lists(st.builds(lambda x, merit: Point(x, x, merit), FIGURES, FIGURES), max_size=12)


def test_overlapping_networks_share_ranks() -> None:
    assert rank_ranges([(1, 2), (3, 5), (4, 6), (7, 8)]) == [(1, 1), (2, 3), (2, 3), (4, 4)]


def test_ends_that_touch_overlap() -> None:
    assert rank_ranges([(1, 2), (2, 3)]) == [(1, 2), (1, 2)]


def test_one_that_only_an_overlapping_network_beats_is_undecided() -> None:
    fast, slower, better = Point(1, 2, 70), Point(1.5, 2.5, 69), Point(5, 6, 80)
    assert on_front([fast, slower, better]) == [OnFront.YES, OnFront.UNDECIDED, OnFront.YES]


def test_one_that_a_clearly_faster_network_beats_is_not_on_the_front() -> None:
    assert on_front([Point(1, 2, 70), Point(3, 4, 70)]) == [OnFront.YES, OnFront.NO]


def test_equal_networks_do_not_beat_each_other() -> None:
    assert on_front([Point(1, 1, 70), Point(1, 1, 70)]) == [OnFront.YES, OnFront.YES]


@given(POINTS)
def test_what_surely_beats_also_perhaps_does_and_never_both_ways(points: list[Point]) -> None:
    for one in points:
        for other in points:
            if beats_surely(one, other):
                assert beats_perhaps(one, other)
                assert not beats_surely(other, one)


@given(POINTS.filter(bool))
def test_the_most_accurate_are_never_off_the_front_together(points: list[Point]) -> None:
    found = on_front(points)
    best = max(point.merit for point in points)
    assert any(front is not OnFront.NO for front, point in zip(found, points, strict=True) if point.merit == best)


@given(EXACT_POINTS)
def test_exact_costs_leave_nothing_undecided(points: list[Point]) -> None:
    dominated = [
        any(
            other.low <= point.low
            and other.merit >= point.merit
            and (other.low, other.merit) != (point.low, point.merit)
            for other in points
        )
        for point in points
    ]
    assert on_front(points) == [OnFront.NO if one else OnFront.YES for one in dominated]


@given(POINTS)
def test_a_wider_interval_never_makes_a_decision_out_of_none(points: list[Point]) -> None:
    wider = [Point(point.low - 1, point.high + 1, point.merit) for point in points]
    for before, after in zip(on_front(points), on_front(wider), strict=True):
        assert after is before or after is OnFront.UNDECIDED or before is OnFront.UNDECIDED
        assert not (before is OnFront.UNDECIDED and after is not OnFront.UNDECIDED)


@given(st.lists(st.tuples(FIGURES, st.integers(0, 5)), max_size=15))
def test_a_rank_range_holds_every_possible_rank(pairs: list[tuple[float, int]]) -> None:
    intervals = [(low, low + width) for low, width in pairs]
    for (first, last), (low, high) in zip(rank_ranges(intervals), intervals, strict=True):
        assert first == 1 + sum(other_high < low for _, other_high in intervals)
        assert last == len(intervals) - sum(other_low > high for other_low, _ in intervals)
        assert 1 <= first <= last <= len(intervals)


@pytest.mark.parametrize("points", [[], [Point(1, 2, 3)]])
def test_few_points(points: list[Point]) -> None:
    assert on_front(points) == [OnFront.YES] * len(points)

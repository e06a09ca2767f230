"""Batch means, against figures computed by hand and series of known dependence."""

from __future__ import annotations

import math
import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.measure.statistics.batches import BATCHES, batch_means, student_half_width, widening


@pytest.mark.parametrize(
    ("count", "means"),
    [
        (1, [0]),
        (10, list(range(10))),
        (11, [1.5, 3.5, 5.5, 7.5, 9.5]),
        (20, [0.5 + 2 * index for index in range(10)]),
        (25, [2, 5, 8, 11, 14, 17, 20, 23]),
    ],
)
def test_batches_are_of_one_length_and_end_with_the_last_sample(count: int, means: list[float]) -> None:
    assert batch_means(range(count)) == means


@given(st.integers(1, 2_000))
def test_there_are_few_batches_and_hardly_a_sample_is_left_out(count: int) -> None:
    batches = len(batch_means(range(count)))
    assert min(count, BATCHES // 2) <= batches <= BATCHES
    assert count - batches * math.ceil(count / BATCHES) < math.ceil(count / BATCHES)


def test_students_interval_by_hand() -> None:
    assert student_half_width([1.0, 2.0, 3.0]) == pytest.approx(4.302653 / math.sqrt(3))


def test_samples_too_few_for_batches_and_equal_ones_are_taken_as_independent() -> None:
    assert widening([[1.0, 5.0, 2.0]]) == 1
    assert widening([[2.0] * 100]) == 1


def test_an_alternation_narrows_nothing() -> None:
    assert widening([[0.0, 1.0] * 100]) == 1


def test_independent_samples_widen_by_little_more_than_students_t_does() -> None:
    generator = random.Random(3)
    factors = [widening([[generator.random() for _ in range(200)]]) for _ in range(200)]
    assert 1.1 < fmean(factors) < 1.3  # Student's t of 9 degrees of freedom is 1.15 times the normal quantile


def test_samples_that_come_in_runs_widen_by_the_root_of_their_length() -> None:
    generator = random.Random(3)
    factors = [widening([[x for x in (generator.random() for _ in range(50)) for _ in range(16)]]) for _ in range(200)]
    assert 1.1 < fmean(factors) / 4 < 1.3


def test_order_is_what_matters() -> None:
    rising = [float(index) for index in range(200)]
    assert widening([rising]) > 5
    random.Random(0).shuffle(rising)
    assert widening([rising]) < 1.6


def test_processes_that_agree_with_each_other_widen_no_more_than_students_t_does() -> None:
    generator = random.Random(5)
    drawn = [[[generator.random() for _ in range(40)] for _ in range(5)] for _ in range(400)]
    assert 1.3 < fmean(widening(processes) for processes in drawn) < 1.5  # t of 4 degrees is 1.42 times the normal


def test_processes_that_differ_widen_by_the_root_of_their_length() -> None:
    generator = random.Random(5)
    drawn = [[[pace] * 36 for pace in (generator.random() for _ in range(5))] for _ in range(400)]
    assert 1.3 < fmean(widening(processes) for processes in drawn) / 6 < 1.65

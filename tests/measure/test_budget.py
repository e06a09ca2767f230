"""The budget of what a user asks for."""

from __future__ import annotations

import pytest

from mbconv_cli.measure.budget import (
    DEFAULT_PRECISION,
    DEFAULT_PROCESSES,
    DEFAULT_SECONDS,
    LEAST_ROUNDS,
    PRECISE_SECONDS,
    PROCESS_SECONDS,
    Budget,
    budget_for,
    budget_of_process,
)


def test_nothing_asked_for_is_the_usual() -> None:
    assert budget_for(None, None) == Budget()


def test_a_precision_asked_for_has_more_time() -> None:
    budget = budget_for(0.01, None)
    assert (budget.precision, budget.max_seconds) == (0.01, PRECISE_SECONDS)
    assert PRECISE_SECONDS > DEFAULT_SECONDS


def test_a_bound_asked_for_holds_with_a_precision_too() -> None:
    assert budget_for(0.01, 9.0).max_seconds == budget_for(None, 9.0).max_seconds == 9.0


@pytest.mark.parametrize("seconds", [0.001, 0.5, 2.0, 6.0, 60.0])
def test_warm_up_and_the_shortest_sampling_fit_into_any_bound(seconds: float) -> None:
    budget = budget_for(None, seconds)
    assert budget.warm_up_seconds + budget.min_seconds <= budget.max_seconds == seconds


def test_more_processes_than_usual_have_more_time_together() -> None:
    assert budget_for(None, None, 1).max_seconds == budget_for(None, None, DEFAULT_PROCESSES).max_seconds
    assert budget_for(None, None, 3 * DEFAULT_PROCESSES).max_seconds == 3 * DEFAULT_SECONDS
    assert budget_for(None, 9.0, 3 * DEFAULT_PROCESSES).max_seconds == 9.0
    assert budget_for(0.01, None, 1_000).max_seconds == 1_000 / DEFAULT_PROCESSES * DEFAULT_SECONDS


@pytest.mark.parametrize("processes", [2, 5, 100])
@pytest.mark.parametrize("seconds", [0.1, 6.0, 600.0])
def test_a_number_of_processes_shares_the_time(processes: int, seconds: float) -> None:
    share = budget_of_process(budget_for(None, seconds), processes)
    assert share.max_seconds == pytest.approx(seconds / processes)
    assert share.warm_up_seconds + share.min_seconds <= share.max_seconds
    assert LEAST_ROUNDS <= share.min_rounds <= Budget().min_rounds


def test_a_process_of_many_is_short_and_no_more_precise_than_usual() -> None:
    share = budget_of_process(budget_for(0.001, None), None)
    assert share.precision == DEFAULT_PRECISION
    assert share.max_seconds == PROCESS_SECONDS
    assert budget_of_process(budget_for(0.001, None), 2).precision == 0.001
    assert budget_of_process(budget_for(0.1, None), None).precision == 0.1
    assert budget_of_process(budget_for(None, 1.0), None).max_seconds == pytest.approx(1.0 / DEFAULT_PROCESSES)

"""The budget of what a user asks for."""

from __future__ import annotations

import pytest

from mbconv_cli.runtime.budget import DEFAULT_SECONDS, PRECISE_SECONDS, Budget, budget_for


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

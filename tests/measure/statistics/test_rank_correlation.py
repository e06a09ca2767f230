from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.measure.statistics.rank_correlation import spearman


def test_ties_share_the_mean_of_their_ranks() -> None:
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(0.9487, abs=1e-4)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0]])
def test_no_order_correlates_with_nothing(values: list[float]) -> None:
    assert spearman(values, values) == 0.0


@given(st.lists(st.integers(0, 100), min_size=2, unique=True))
def test_any_growing_function_keeps_the_order(values: list[int]) -> None:
    assert spearman(values, [value**3 for value in values]) == pytest.approx(1.0)
    assert spearman(values, [-value for value in values]) == pytest.approx(-1.0)

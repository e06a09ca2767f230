from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.measure.statistics.student import cumulative, incomplete_beta, quantile

# Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.10 (percentage points of the t-distribution).
TABLE = {
    (0.90, 1): 3.078,
    (0.90, 9): 1.383,
    (0.95, 5): 2.015,
    (0.975, 1): 12.706,
    (0.975, 20): 2.086,
    (0.99, 3): 4.541,
    (0.99, 9): 2.821,
    (0.995, 2): 9.925,
    (0.995, 7): 3.499,
    (0.9995, 30): 3.646,
}


@pytest.mark.parametrize(("probability", "freedom"), TABLE)
def test_quantiles_are_those_of_the_table(probability: float, freedom: int) -> None:
    assert quantile(probability, freedom) == pytest.approx(TABLE[probability, freedom], abs=6e-4)
    assert quantile(1 - probability, freedom) == pytest.approx(-TABLE[probability, freedom], abs=6e-4)


def test_one_degree_of_freedom_is_cauchys() -> None:
    assert cumulative(1.0, 1) == pytest.approx(0.75)
    assert quantile(0.75, 1) == pytest.approx(1.0)


def test_many_degrees_of_freedom_are_normal() -> None:
    assert quantile(0.975, 1e7) == pytest.approx(1.959964, abs=1e-5)


def test_far_tails_keep_their_precision() -> None:
    # With two degrees of freedom the upper tail is (1 - t / sqrt(t^2 + 2)) / 2 in closed form.
    t = quantile(1 - 1e-5, 2)
    assert (1 - t / (t * t + 2) ** 0.5) / 2 == pytest.approx(1e-5, rel=1e-6)


@given(st.floats(0.001, 0.999), st.floats(0.5, 500))
def test_the_quantile_inverts_the_distribution_function(probability: float, freedom: float) -> None:
    assert cumulative(quantile(probability, freedom), freedom) == pytest.approx(probability, abs=1e-9)


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(0.001, 0.999))
def test_the_incomplete_beta_function_is_symmetric(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(1 - incomplete_beta(b, a, 1 - x), abs=1e-9)


def test_the_ends_of_the_incomplete_beta_function() -> None:
    assert (incomplete_beta(2, 3, 0.0), incomplete_beta(2, 3, 1.0)) == (0.0, 1.0)


@pytest.mark.parametrize(("probability", "freedom"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_what_has_no_quantile(probability: float, freedom: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        quantile(probability, freedom)

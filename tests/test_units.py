from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.units import binary, change_text, decimal, milliseconds


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.000 k"),
        (385_814_752, "385.8 M"),
        (-1_500, "-1.500 k"),
        (1.61e10, "16.10 G"),
        (2e12, "2.000 T"),
    ],
)
def test_decimal(value: float, shown: str) -> None:
    assert decimal(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (21_154_192, "20.2 MiB"), (2**40, "1.0 TiB")]
)
def test_binary(value: float, shown: str) -> None:
    assert binary(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.000"), (0.0004, "0.0004"), (0.01, "0.010"), (1.5, "1.500"), (-0.25, "-0.250"), (12_345.6789, "12,345.679")],
)
def test_milliseconds_have_their_point_in_one_place(value: float, shown: str) -> None:
    assert milliseconds(value) == shown


@pytest.mark.parametrize(
    ("change", "beyond", "text"),
    [
        (Fraction(204, 10_000), Fraction(2, 100), "+2.04 %"),
        (Fraction(2_000_001, 100_000_000), Fraction(2, 100), "+2.000001 %"),
        (Fraction(2, 100), None, "+2 %"),
        (Fraction(3), None, "+300 %"),
        (Fraction(40), None, "+4,000 %"),
        (Fraction(-1, 3), None, "-33 %"),
        (Fraction(1, 5_288_548), None, "+0.000019 %"),
    ],
)
def test_a_change_has_as_many_digits_as_show_why(change: Fraction, beyond: Fraction | None, text: str) -> None:
    assert change_text(change, beyond=beyond) == text


@given(st.fractions(-10, 1_000), st.fractions(0, 1))
def test_a_change_beyond_a_limit_never_looks_like_one_within(change: Fraction, limit: Fraction) -> None:
    shown = Fraction(change_text(change, beyond=limit).removesuffix(" %").replace(",", "")) / 100
    if abs(change - limit) > Fraction(1, 10**9):
        assert (shown > limit) == (change > limit)

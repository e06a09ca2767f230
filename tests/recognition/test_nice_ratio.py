"""The ratio that a paper would print."""

from __future__ import annotations

from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.plan.scaling import expand_filters
from mbconv_cli.recognition.nice_ratio import nice_ratio


def ratio(*pairs: tuple[int, int], divisor: int = 1) -> float | None:
    return nice_ratio(frozenset(pairs), lambda b, r: expand_filters(b, r, divisor), divisor, 1_000)


def test_the_plainest_ratio_is_taken() -> None:
    assert ratio((16, 96), (24, 144)) == 6
    assert ratio((40, 100)) == 2.5
    assert ratio((80, 184)) == 2.3
    assert ratio((24, 88), divisor=8) == 3.5
    assert ratio((16, 96), (24, 150)) is None


@given(st.integers(8, 2_000), st.integers(1, 8_000))
def test_any_expansion_of_one_block_has_a_ratio(base: int, expanded: int) -> None:
    found = ratio((base, expanded))
    assert found is not None
    assert expand_filters(base, found, 1) == expanded
    assert isclose(found, expanded / base, rel_tol=0.5, abs_tol=1)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.sweep.sampling import Permutation


@given(st.integers(1, 400), st.integers(0, 5))
def test_every_number_comes_once(size: int, seed: int) -> None:
    permutation = Permutation(size, seed)
    assert sorted(map(permutation, range(size))) == list(range(size))


def test_a_space_of_any_size() -> None:
    permutation = Permutation(10**40, 0)
    drawn = {permutation(position) for position in range(1_000)}
    assert len(drawn) == 1_000
    assert max(drawn) > 9 * 10**39


def test_seeds_differ() -> None:
    assert [Permutation(1_000, 1)(i) for i in range(9)] != [Permutation(1_000, 2)(i) for i in range(9)]


def test_draws_spread_over_the_space() -> None:
    permutation = Permutation(10_000, 3)
    tenths = [0] * 10
    for position in range(1_000):
        tenths[permutation(position) // 1_000] += 1
    assert all(60 < tenth < 140 for tenth in tenths)  # 100 expected, standard deviation 9.5


@pytest.mark.parametrize("position", [-1, 10])
def test_positions_outside(position: int) -> None:
    with pytest.raises(IndexError):
        Permutation(10, 0)(position)

from __future__ import annotations

import pytest

from mbconv_cli.commands.sizes import parse_kernel, parse_sizes, parse_stack
from mbconv_cli.errors import InputError


@pytest.mark.parametrize(
    ("text", "sizes"), [("8", (8,)), ("4,8, 16", (4, 8, 16)), ("1..4", (1, 2, 3, 4)), ("8,1..3,2", (1, 2, 3, 8))]
)
def test_sizes(text: str, sizes: tuple[int, ...]) -> None:
    assert parse_sizes(text, "--n") == sizes


@pytest.mark.parametrize("text", ["", "0", "-1", "3..1", "1.5", "x", "1..", "1,,2", "9999999", "1..5000", "0..3"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(InputError, match="--n"):
        parse_sizes(text, "--n")


@pytest.mark.parametrize(
    ("text", "nearest"), [("0", "1"), ("9999999", "1048576"), ("1..9999999999", "1048576"), ("9..3", "3..9")]
)
def test_the_nearest_valid_is_named(text: str, nearest: str) -> None:
    with pytest.raises(InputError, match=f"nearest is {nearest}$"):
        parse_sizes(text, "--n")


def test_kernels() -> None:
    assert parse_kernel("5", "--kernel") == parse_kernel("5x5", "--kernel") == 5
    assert parse_stack("3x3, 3x3", "--stack") == (3, 3)


@pytest.mark.parametrize("text", ["4", "4x4", "0", "3x5", "x", "", "999"])
def test_no_kernel(text: str) -> None:
    with pytest.raises(InputError, match="--kernel"):
        parse_kernel(text, "--kernel")


def test_an_even_kernel_names_its_neighbours() -> None:
    with pytest.raises(InputError, match="even, so it has no middle; nearest are 3 and 5"):
        parse_kernel("4", "--kernel")


@pytest.mark.parametrize("text", ["", " ", "3x3,", "3x3,4x4"])
def test_no_stack(text: str) -> None:
    with pytest.raises(InputError, match="--stack"):
        parse_stack(text, "--stack")

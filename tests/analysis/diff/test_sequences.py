"""Alignment of sequences, against a slow search of all ways."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.diff import sequences
from mbconv_cli.analysis.diff.sequences import Pair, align
from mbconv_cli.errors import InputError

WORDS = st.text("abcAB", max_size=8)


def letter_distance(one: str, other: str) -> float:
    """0 for the same letter, a half for its other case, 1 for any other."""
    return 0 if one == other else 0.5 if one.lower() == other.lower() else 1


def aligned(base: str, head: str) -> list[Pair]:
    return align(base, head, lambda row, column: letter_distance(base[row], head[column]))


def cost(base: str, head: str, pairs: list[Pair]) -> float:
    return sum(
        1 if row is None or column is None else 2 * letter_distance(base[row], head[column]) for row, column in pairs
    )


def least_cost(base: str, head: str) -> float:
    @cache
    def search(row: int, column: int) -> float:
        if row == len(base) or column == len(head):
            return len(base) - row + len(head) - column
        exchanged = 2 * letter_distance(base[row], head[column]) + search(row + 1, column + 1)
        return min(exchanged, 1 + search(row + 1, column), 1 + search(row, column + 1))

    return search(0, 0)


@given(WORDS, WORDS)
def test_every_item_stands_once_in_order_and_no_way_is_cheaper(base: str, head: str) -> None:
    pairs = aligned(base, head)
    assert [row for row, _ in pairs if row is not None] == list(range(len(base)))
    assert [column for _, column in pairs if column is not None] == list(range(len(head)))
    assert cost(base, head, pairs) == least_cost(base, head)


@given(WORDS)
def test_a_sequence_is_aligned_with_itself(word: str) -> None:
    assert aligned(word, word) == [(index, index) for index in range(len(word))]


@pytest.mark.parametrize(
    ("base", "head", "pairs"),
    [
        ("", "ab", [(None, 0), (None, 1)]),
        ("abc", "abXc", [(0, 0), (1, 1), (None, 2), (2, 3)]),
        ("aab", "aaab", [(0, 0), (1, 1), (None, 2), (2, 3)]),
        ("abc", "ac", [(0, 0), (1, None), (2, 1)]),
        ("abc", "aBc", [(0, 0), (1, 1), (2, 2)]),
        ("abc", "axc", [(0, 0), (1, None), (None, 1), (2, 2)]),
        ("ab", "xAb", [(None, 0), (0, 1), (1, 2)]),
    ],
)
def test_what_is_inserted_removed_and_changed(base: str, head: str, pairs: list[Pair]) -> None:
    assert aligned(base, head) == pairs


def test_what_is_too_long_is_refused_unless_it_is_common(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "MAX_CELLS", 3)
    assert aligned("xxxaxxx", "xxxAxxx") == [(index, index) for index in range(7)]
    with pytest.raises(InputError, match="2 blocks and 2 others: too many to align; --by stage has fewer"):
        aligned("xaby", "xBAy")

"""Two sequences aligned so that what they have in common stands side by side.

The cheapest way from one to the other, where leaving out or putting in an item costs 1, and exchanging two of them
twice their distance: Needleman and Wunsch's algorithm (J. Mol. Biol. 48, 1970, pages 443 to 453).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final, TypeAlias

from mbconv_cli.errors import InputError

Pair: TypeAlias = tuple[int | None, int | None]
"""The indices of two items that belong together; None where one of them has no partner."""

Distance: TypeAlias = Callable[[int, int], float]

MAX_CELLS: Final = 1_100_000
"""Of the table of costs, so that all rows of two specs can be aligned, but not ten thousand blocks of each."""


def align(base: Sequence[Hashable], head: Sequence[Hashable], distance: Distance) -> list[Pair]:
    """Every item of both once, in order; with `removed` before `inserted` where both are at one place.

    Args:
        base: what each item of the first sequence is; equal items have a distance of zero.
        head: likewise of the second.
        distance: of the items at two indices, from 0 (equal) to 1 (nothing in common: they are never paired).

    Raises:
        InputError: both are too long, what they have in common at both ends not counted.
    """
    shorter = min(len(base), len(head))
    start = next((index for index in range(shorter) if base[index] != head[index]), shorter)
    rest = shorter - start
    end = next((index for index in range(rest) if base[-1 - index] != head[-1 - index]), rest)
    rows, columns = range(start, len(base) - end), range(start, len(head) - end)
    before: list[Pair] = [(index, index) for index in range(start)]
    after: list[Pair] = [(len(base) - index, len(head) - index) for index in range(end, 0, -1)]
    if len(rows) * len(columns) > MAX_CELLS:
        raise InputError(f"{len(rows):,} blocks and {len(columns):,} others: too many to align; --by stage has fewer")
    return before + _cheapest(rows, columns, _once_a_kind(base, head, distance)) + after


def _once_a_kind(base: Sequence[Hashable], head: Sequence[Hashable], distance: Distance) -> Distance:
    """The same distance, asked once for all pairs of equal items: networks repeat their blocks."""
    kinds: dict[Hashable, int] = {}
    old, new = ([kinds.setdefault(item, len(kinds)) for item in items] for items in (base, head))
    known: dict[tuple[int, int], float] = {}

    def asked(row: int, column: int) -> float:
        pair = old[row], new[column]
        if pair not in known:
            known[pair] = distance(row, column)
        return known[pair]

    return asked


def _cheapest(rows: range, columns: range, distance: Distance) -> list[Pair]:
    """The cheapest way through the table of costs, from its end back to its start."""
    exchanges = [[2 * distance(row, column) for column in columns] for row in rows]
    costs = _costs(exchanges, len(columns))
    row, column = len(rows), len(columns)
    pairs: list[Pair] = []
    while row or column:
        if column and costs[row][column] == costs[row][column - 1] + 1:
            column -= 1
            pairs.append((None, columns[column]))
        elif row and costs[row][column] == costs[row - 1][column] + 1:
            row -= 1
            pairs.append((rows[row], None))
        else:
            row, column = row - 1, column - 1
            pairs.append((rows[row], columns[column]))
    return pairs[::-1]


def _costs(exchanges: list[list[float]], width: int) -> list[list[float]]:
    """`[row][column]`: the least cost of the first rows and columns."""
    costs = [[float(column) for column in range(width + 1)]]
    for exchange in exchanges:
        above = costs[-1]
        row = [above[0] + 1]
        for column, cost in enumerate(exchange):
            row.append(min(row[column] + 1, above[column + 1] + 1, above[column] + cost))
        costs.append(row)
    return costs

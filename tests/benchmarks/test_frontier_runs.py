"""What the script on the frontier makes of two runs."""

from __future__ import annotations

from frontier import Row, at_the_same_latency, repeated


def row(name: str, latency: float, half: float, top1: float = 70.0) -> Row:
    return Row(name, top1, latency, latency - half, latency + half)


def test_a_swap_of_overlapping_intervals_is_no_contradiction() -> None:
    first = [row("a", 10.0, 1.0), row("b", 10.5, 1.0), row("c", 20.0, 1.0)]
    second = [row("a", 10.6, 1.0), row("b", 10.4, 1.0), row("c", 21.0, 1.0)]
    correlation, apart, swapped = repeated(first, second)
    assert (round(correlation, 3), apart, swapped) == (0.5, [], 1)


def test_a_swap_of_intervals_apart_is_named() -> None:
    first = [row("a", 10.0, 0.1), row("b", 12.0, 0.1)]
    second = [row("a", 12.0, 0.1), row("b", 10.0, 0.1)]
    assert repeated(first, second)[1:] == ([("a", "b")], 1)


def test_the_best_rival_is_one_that_is_not_slower_for_sure() -> None:
    rows = [row("new-1", 10, 1, 75), row("old-1", 10.5, 1, 72), row("old-2", 15, 1, 78), row("old-3", 5, 1, 70)]
    assert at_the_same_latency(rows, "new", "old") == ["new-1, 75.0 %, 10.00 ±1.00 ms | old-1, 72.0 %, 10.50 ±1.00 ms"]

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.frontier.cost_budgets import Offer, answer, parse_budgets
from mbconv_cli.errors import InputError

OFFERS = st.lists(st.tuples(st.integers(50, 60), st.integers(0, 30), st.integers(0, 5)), max_size=8).map(
    lambda drawn: [
        Offer(f"net {index}", merit, {"latency_ms": (low, low + width)})
        for index, (merit, low, width) in enumerate(drawn)
    ]
)


def offer(name: str, merit: float, low: float, high: float) -> Offer:
    return Offer(name, merit, {"latency_ms": (low, high), "macs": (merit, merit)})


def test_quantities_are_exact() -> None:
    (latency, macs) = parse_budgets(["latency_ms=15ms", "macs=0.4G"])
    assert (latency.limit, macs.limit) == (Fraction(15), Fraction(400_000_000))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["latency_ms"], "COST=QUANTITY"),
        (["latency=15ms"], "did you mean 'latency_ms'"),
        (["latency_ms=15 px"], "15 ms"),
        (["macs=1M", "macs=2M"], "2 times"),
        (["macs=-1"], "400M"),
    ],
)
def test_what_is_no_budget(texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_budgets(texts)


def test_the_most_accurate_that_surely_keeps_within() -> None:
    found = answer(
        [offer("a", 70, 1, 2), offer("b", 75, 13, 14), offer("c", 80, 16, 17)],
        parse_budgets(["latency_ms=15"]),
        "latency_ms",
    )
    assert found.best is not None
    assert (found.best.name, found.perhaps) == ("b", ())


def test_a_more_accurate_one_whose_interval_holds_the_bound_is_named_beside() -> None:
    found = answer([offer("a", 70, 1, 2), offer("b", 75, 14, 16)], parse_budgets(["latency_ms=15"]), "latency_ms")
    assert found.best is not None
    assert (found.best.name, [each.name for each in found.perhaps]) == ("a", ["b"])


def test_several_budgets_hold_together() -> None:
    offers = [offer("a", 70, 1, 2), offer("b", 75, 1, 2)]
    found = answer(offers, parse_budgets(["latency_ms=15", "macs=72"]), "latency_ms")
    assert found.best is not None
    assert found.best.name == "a"


@given(OFFERS, st.integers(0, 30))
def test_no_better_one_is_overlooked(offers: list[Offer], limit: int) -> None:
    found = answer(offers, parse_budgets([f"latency_ms={limit}"]), "latency_ms")
    sure = [each for each in offers if each.costs["latency_ms"][1] <= limit]
    assert (found.best is None) == (not sure)
    if found.best is not None:
        assert found.best.merit == max(each.merit for each in sure)
    for each in found.perhaps:
        assert each.costs["latency_ms"][0] <= limit < each.costs["latency_ms"][1]
        assert found.best is None or each.merit > found.best.merit

"""`--budget latency_ms=15ms`, and the answer to it: the most accurate network that costs no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.quantities import BYTE_UNITS, COUNT_UNITS, MILLISECOND_UNITS, parse_quantity

LATENCY_MS: Final = "latency_ms"
BUDGET_UNITS: Final[Mapping[str, Mapping[str, int] | Mapping[str, Fraction]]] = {
    LATENCY_MS: MILLISECOND_UNITS,
    "macs": COUNT_UNITS,
    "params": COUNT_UNITS,
    "bytes": BYTE_UNITS,
    "peak_bytes": BYTE_UNITS,
}
_EXAMPLES: Final = {LATENCY_MS: "15 ms", "macs": "400M", "params": "5M", "bytes": "20 MiB", "peak_bytes": "4 MiB"}

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CostBudget:
    """The most that a network may cost.

    Attributes:
        key: of the cost.
        text: the bound as it was written.
        limit: exact, in the cost's unit.
    """

    key: str
    text: str
    limit: Fraction

    def holds(self, costs: Mapping[str, Interval]) -> bool:
        """Whether a cost surely keeps within it: the upper end of its interval does."""
        return costs[self.key][1] <= self.limit

    def may_hold(self, costs: Mapping[str, Interval]) -> bool:
        """Whether a cost perhaps keeps within it: the lower end of its interval does."""
        return costs[self.key][0] <= self.limit


@dataclass(frozen=True, slots=True)
class Offer:
    """A network that an answer may name.

    Attributes:
        name: the network's.
        merit: its accuracy.
        costs: the interval of each cost by its key; both ends of an exact one are the same.
    """

    name: str
    merit: float
    costs: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Answer:
    """The best that keeps within all budgets.

    Attributes:
        best: the most accurate of those that surely do, of equal ones the cheapest; None if there is none.
        perhaps: more accurate ones whose intervals hold a bound, the most accurate first.
    """

    best: Offer | None
    perhaps: tuple[Offer, ...]


def parse_budgets(texts: Sequence[str]) -> tuple[CostBudget, ...]:
    """All budgets, each `KEY=QUANTITY`.

    Raises:
        InputError: one is not of this form, or a cost has two.
    """
    budgets = tuple(_budget(text) for text in texts)
    keys = [budget.key for budget in budgets]
    for key in keys:
        if keys.count(key) > 1:
            raise InputError(f"--budget {key} is given {keys.count(key)} times; keep the one that counts")
    return budgets


def _budget(text: str) -> CostBudget:
    key, equals, quantity = (part.strip() for part in text.partition("="))
    if not equals or not quantity:
        raise InputError(f"--budget {text!r}: should be COST=QUANTITY, e.g. latency_ms=15ms")
    if key not in BUDGET_UNITS:
        hint = did_you_mean(key, BUDGET_UNITS) or f"; valid are {', '.join(BUDGET_UNITS)}"
        raise InputError(f"--budget {text!r}: no cost {key!r}{hint}")
    try:
        limit = parse_quantity(quantity, BUDGET_UNITS[key], _EXAMPLES[key])
    except ValueError as error:
        raise InputError(f"--budget {text!r}: {error}") from error
    return CostBudget(key, quantity, limit.value)


def answer(offers: Iterable[Offer], budgets: Sequence[CostBudget], x: str) -> Answer:
    """What to take within the budgets.

    Args:
        offers: all networks with an accuracy.
        budgets: all of them hold.
        x: the cost by which equally accurate networks are ordered.
    """
    known = list(offers)
    sure = [offer for offer in known if all(budget.holds(offer.costs) for budget in budgets)]
    best = max(sure, key=lambda offer: (offer.merit, -sum(offer.costs[x])), default=None)
    perhaps = [
        offer
        for offer in known
        if offer not in sure
        and all(budget.may_hold(offer.costs) for budget in budgets)
        and (best is None or offer.merit > best.merit)
    ]
    return Answer(best, tuple(sorted(perhaps, key=lambda offer: -offer.merit)))

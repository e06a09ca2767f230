"""The Pareto front: what nothing else is at least as good as in every respect and better in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


def at_least_as_good(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether one is at least as low as the other in every objective."""
    return all(a <= b for a, b in zip(one, other, strict=True))


@dataclass(slots=True)
class Front(Generic[Item]):
    """The items that no other one dominates, kept up to date while items arrive one by one; of equal ones the first.

    Attributes:
        objectives: the figures of an item, each the lower the better.
        items: the front so far.
    """

    objectives: Callable[[Item], Sequence[float]]
    items: list[Item] = field(default_factory=list)

    def add(self, item: Item) -> bool:
        """Take an item into account; whether it is on the front now."""
        figures = self.objectives(item)
        if any(at_least_as_good(self.objectives(known), figures) for known in self.items):
            return False
        self.items = [known for known in self.items if not at_least_as_good(figures, self.objectives(known))]
        self.items.append(item)
        return True


def front_of(items: Iterable[Item], objectives: Callable[[Item], Sequence[float]]) -> list[Item]:
    """The items that no other one dominates, in their order."""
    front = Front(objectives)
    for item in items:
        front.add(item)
    return front.items

"""The ops of a Plan by what they read: which op comes next, and through which values everything flows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mbconv_cli.plan.op_kinds import Kind
from mbconv_cli.plan.ops import INPUT, Op, Plan, Value

OUTSIDE: Final = -1
"""The place of the network's input among the ops."""


@dataclass(frozen=True, slots=True)
class OpGraph:
    """A Plan's ops and who reads them.

    Attributes:
        ops: in running order.
        readers: for each value's name the places of the ops that read it.
        places: for each value's name the place of the op that gives it.
        cuts: the places of ops whose output alone is read by all that comes after, in running order.
        touched: the places of ops that some recogniser could read, for a message about the first one that none could.
    """

    ops: tuple[Op, ...]
    readers: dict[str, tuple[int, ...]]
    places: dict[str, int]
    cuts: tuple[int, ...]
    touched: set[int] = field(default_factory=set)

    def cursor(self, place: int, plan_input: Value) -> Cursor:
        """A reader that stands behind the op at this place."""
        return Cursor(self, plan_input if place == OUTSIDE else self.ops[place].output, frozenset())


class Cursor(NamedTuple):
    """Where a recogniser stands: at a value, having read some ops."""

    graph: OpGraph
    value: Value
    read: frozenset[int]

    def then(self, *kinds: type[Kind]) -> Iterator[tuple[Op, Cursor]]:
        """The ops of one input that read the value here, and where one stands behind each."""
        for place in self.graph.readers.get(self.value.name, ()):
            op = self.graph.ops[place]
            if len(op.inputs) == 1 and isinstance(op.kind, kinds) and place not in self.read:
                self.graph.touched.add(place)
                yield op, Cursor(self.graph, op.output, self.read | {place})

    def with_other(self, kind: type[Kind], other: Cursor) -> Iterator[tuple[Op, Cursor]]:
        """The ops that read the value here and then that of another cursor, and where one stands behind each."""
        for behind in self.joined(kind, other):
            op = self.graph.ops[self.graph.places[behind.value.name]]
            if op.inputs[0].name == self.value.name:
                yield op, behind

    def joined(self, kind: type[Kind], *others: Cursor) -> Iterator[Cursor]:
        """Behind the ops that read the values here and of all others, in this order, or in any order of an Add's."""
        wanted = [self.value.name, *(other.value.name for other in others)]
        for place in self.graph.readers.get(self.value.name, ()):
            op = self.graph.ops[place]
            names = [value.name for value in op.inputs]
            if isinstance(op.kind, kind) and names in (wanted, wanted[::-1] if len(wanted) == 2 else wanted):
                self.graph.touched.add(place)
                yield Cursor(self.graph, op.output, self.read.union(*(o.read for o in others)) | {place})


def op_graph(plan: Plan) -> OpGraph:
    """The graph of a Plan."""
    readers: dict[str, list[int]] = {}
    for place, op in enumerate(plan.ops):
        for name in dict.fromkeys(value.name for value in op.inputs):
            readers.setdefault(name, []).append(place)
    places = {INPUT: OUTSIDE} | {op.name: place for place, op in enumerate(plan.ops)}
    return OpGraph(plan.ops, {name: tuple(of) for name, of in readers.items()}, places, tuple(_cuts(plan, readers)))


def _cuts(plan: Plan, readers: dict[str, list[int]]) -> Iterator[int]:
    """The places of ops behind which every earlier value is read no more."""
    last_read = {value.name: readers.get(value.name, [OUTSIDE])[-1] for value in plan.inputs}
    latest = max(last_read.values())
    for place, op in enumerate(plan.ops):
        if latest <= place:
            yield place
        latest = max(latest, readers.get(op.name, [place])[-1])

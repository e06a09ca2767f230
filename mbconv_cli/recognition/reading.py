"""A Plan's ops -> stem, blocks, head and classifier: of all readings the one with the fewest and plainest blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from mbconv_cli.plan.ops import Op, Plan
from mbconv_cli.recognition.found_block import FoundBlock
from mbconv_cli.recognition.network_ends import FoundEnd, classifiers, heads, stems
from mbconv_cli.recognition.op_graph import OUTSIDE, Cursor, OpGraph, op_graph
from mbconv_cli.recognition.recognisers import RECOGNISERS

Found: TypeAlias = FoundBlock | FoundEnd


PREFERENCE: Final = 0.1
"""What is taken off the cost of a block of the preferred type."""


class Section(IntEnum):
    """How far through a network one is."""

    NOTHING = 0
    STEM = 1
    ROWS = 2
    HEAD = 3
    CLASSIFIER = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole network as it was read."""

    stem: FoundEnd | None
    blocks: tuple[FoundBlock, ...]
    head: FoundEnd | None
    classifier: FoundEnd | None


@dataclass(frozen=True, slots=True)
class Unread:
    """How far a network could be read.

    Attributes:
        op: the first op that no recogniser could read.
        recognised: ops of the parts before it that were read whole.
        ops: of the whole network.
    """

    op: Op
    recognised: int
    ops: int


class _Step(NamedTuple):
    """The best way to a place: what it costs, the part that leads there, and where that began."""

    cost: float
    part: Found | None
    before: tuple[int, Section] | None


def read_plan(plan: Plan, preferred: str = "") -> Reading | Unread:
    """Read a Plan.

    Args:
        plan: shapes of one image.
        preferred: a type of block that is taken wherever a block can be read as one.
    """
    graph = op_graph(plan)
    best: dict[tuple[int, Section], _Step] = {(OUTSIDE, Section.NOTHING): _Step(0, None, None)}
    for place in (OUTSIDE, *graph.cuts):
        for section in Section:
            if (at := (place, section)) not in best:
                continue
            for after, part in _parts(graph.cursor(place, plan.inputs[0]), section):
                liked = isinstance(part, FoundBlock) and part.type == preferred
                _improve(best, at, after, part, part.cost - (PREFERENCE if liked else 0))
    last = len(plan.ops) - 1
    ends = [(step.cost, at) for at, step in best.items() if at[0] == last]
    if not ends or plan.more_inputs:
        return _unread(graph, max(place for place, _ in best))
    return _traced(best, min(ends)[1])


def _improve(
    best: dict[tuple[int, Section], _Step],
    at: tuple[int, Section],
    after: Section,
    part: Found,
    more: float,
) -> None:
    """Note the way through a part where it reads all ops of its region, and no way is cheaper."""
    end = part.end
    place = end.graph.places[end.value.name]
    if len(end.read) != place - at[0] or place not in end.graph.cuts:
        return
    cost = best[at].cost + more
    if (place, after) not in best or cost < best[place, after].cost:
        best[place, after] = _Step(cost, part, at)


def _parts(cursor: Cursor, section: Section) -> Iterator[tuple[Section, Found]]:
    """The parts that may begin here, and how far through a network each leads."""
    if section is Section.NOTHING:
        yield from ((Section.STEM, part) for part in stems(cursor))
    if section <= Section.ROWS:
        for recogniser in RECOGNISERS:
            yield from ((Section.ROWS, part) for part in recogniser(cursor))
        yield from ((Section.HEAD, part) for part in heads(cursor))
    if section < Section.CLASSIFIER:
        yield from ((Section.CLASSIFIER, part) for part in classifiers(cursor))


def _unread(graph: OpGraph, farthest: int) -> Unread:
    ops = graph.ops
    place = next((place for place in range(farthest + 1, len(ops)) if place not in graph.touched), len(ops) - 1)
    return Unread(ops[place], farthest + 1, len(ops))


def _traced(best: dict[tuple[int, Section], _Step], at: tuple[int, Section]) -> Reading:
    ends: dict[Section, FoundEnd] = {}
    blocks: list[FoundBlock] = []
    while (step := best[at]).before is not None:
        if isinstance(step.part, FoundBlock):
            blocks.append(step.part)
        elif step.part is not None:
            ends[at[1]] = step.part
        at = step.before
    sections = (Section.STEM, Section.HEAD, Section.CLASSIFIER)
    stem, head, classifier = (ends.get(section) for section in sections)
    return Reading(stem, tuple(blocks[::-1]), head, classifier)

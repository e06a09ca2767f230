"""Two networks side by side: which block, stage or op of one is which of the other, and the rows that say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from mbconv_cli.analysis.diff.diff_parts import Part
from mbconv_cli.analysis.diff.layers import COST_KEYS, Layer
from mbconv_cli.analysis.diff.likeness import align_layers, align_parts
from mbconv_cli.analysis.diff.sequences import Pair
from mbconv_cli.analysis.diff.spec_options import Change, changes
from mbconv_cli.report.model import Better, Cell, Column, Excerpt, Kind, Priority, Row, Section
from mbconv_cli.units import BYTE, MAC, PARAM, counted

COLUMNS: Final = (
    Column("name"),
    Column("status"),
    Column("base_name", priority=Priority.EXTRA),
    Column("what"),
    Column("params_difference", PARAM, Kind.EXACT, Better.LOWER, priority=Priority.DETAIL),
    Column("macs_difference", MAC, Kind.EXACT, Better.LOWER, priority=Priority.CONTEXT),
    Column("bytes_difference", BYTE, Kind.EXACT, Better.LOWER, priority=Priority.DERIVED),
)


_NO_DIFFERENCE: Final[Mapping[str, Cell]] = {f"{key}_difference": 0 for key in COST_KEYS}


class Status(str, Enum):
    """What became of a part."""

    SAME = "same"
    CHANGED = "changed"
    INSERTED = "inserted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Pairing:
    """A block, a stage or an op of each network that belong together; one of them is None if it has no partner."""

    base: Part | None
    head: Part | None

    @property
    def status(self) -> Status:
        """What became of it."""
        if self.base is None:
            return Status.INSERTED
        if self.head is None:
            return Status.REMOVED
        return Status.SAME if self.base.content == self.head.content else Status.CHANGED

    def difference(self, key: str) -> int:
        """How much more of a cost the second network has here."""
        return _sum(self.head, key) - _sum(self.base, key)


def pair_parts(base: Sequence[Part], head: Sequence[Part]) -> list[Pairing]:
    """The blocks or stages of two networks; every one once."""
    return _picked(base, head, align_parts(base, head))


def pair_layers(blocks: Iterable[Pairing]) -> list[Pairing]:
    """The ops of two networks whose blocks are paired; every one once."""
    pairings: list[Pairing] = []
    for block in blocks:
        base, head = _layers(block.base), _layers(block.head)
        pairings += _picked(_single(base), _single(head), align_layers(base, head))
    return pairings


def difference_section(pairings: Sequence[Pairing], shared: frozenset[Change] = frozenset()) -> Section:
    """A row for each that differs, and one for all others together, so that the differences add up.

    Args:
        pairings: the parts of both networks.
        shared: changes that the report says once, of the network: people do not read them again in every row.
    """
    different = [pairing for pairing in pairings if pairing.status is not Status.SAME]
    columns, same = _columns(different), _same_row(len(pairings) - len(different))
    section = Section(columns, (*map(_row, different), *same))
    if not shared:
        return section
    shortened = [(pairing, _row(pairing, shared)) for pairing in different]
    telling = [row for pairing, row in shortened if row["what"] or any(map(pairing.difference, COST_KEYS))]
    quiet = len(shortened) - len(telling)
    rows = (*telling, *([_quiet_row(quiet)] if quiet else []), *same)
    return replace(section, excerpt=Excerpt(rows=rows))


def _columns(different: Sequence[Pairing]) -> tuple[Column, ...]:
    """Those of a row; the name in the base network where it is another one."""
    renamed = any(one.base and one.head and one.base.name != one.head.name for one in different)
    return tuple(column for column in COLUMNS if renamed or column.key != "base_name")


def _same_row(count: int) -> list[Row]:
    """One row for all parts that are the same, if there are any."""
    return [{"name": counted(count, "other"), "status": Status.SAME.value, **_NO_DIFFERENCE}] if count else []


def _quiet_row(count: int) -> Row:
    """One row for all parts that differ in nothing but the network's own settings, and cost the same."""
    what = "nothing but options of the whole network"
    return {"name": counted(count, "part"), "status": Status.CHANGED.value, "what": what, **_NO_DIFFERENCE}


def _row(pairing: Pairing, shared: frozenset[Change] = frozenset()) -> Row:
    part = pairing.head or pairing.base
    assert part is not None
    row: dict[str, Cell] = {"name": part.name, "status": pairing.status.value}
    if pairing.base and pairing.base.name != part.name:
        row["base_name"] = pairing.base.name
    differences: dict[str, Cell] = {f"{key}_difference": pairing.difference(key) for key in COST_KEYS}
    what = _what(pairing.base, pairing.head, shared) if pairing.base and pairing.head else part.operator
    return row | {"what": what} | differences


def _what(base: Part, head: Part, shared: frozenset[Change]) -> str:
    """The options that changed, but for shared ones; or, where none did, which of its ops differ."""
    changed = changes(base.options, head.options)
    if changed:
        return ", ".join(str(change) for change in changed if change not in shared)
    old = {layer.content for layer in base.layers}
    names = [layer.name.removeprefix(f"{head.name}.") for layer in head.layers if layer.content not in old]
    return f"in {', '.join(names)}" if names else "in the order of its ops"


def _picked(base: Sequence[Part], head: Sequence[Part], pairs: Iterable[Pair]) -> list[Pairing]:
    return [Pairing(None if old is None else base[old], None if new is None else head[new]) for old, new in pairs]


def _single(layers: Iterable[Layer]) -> list[Part]:
    """Every op as a part of its own, and so the same wherever what it reads was computed."""
    return [Part(layer.name, str(layer.row["op"]), (replace(layer, reads=()),), layer.options) for layer in layers]


def _layers(part: Part | None) -> tuple[Layer, ...]:
    return part.layers if part else ()


def _sum(part: Part | None, key: str) -> int:
    return sum(layer.count(key) for layer in _layers(part))

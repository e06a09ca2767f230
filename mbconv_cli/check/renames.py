"""Which added network is a removed one under another name: the one that is the same computation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mbconv_cli.check.selection import ReadNetwork, labels, stem_of
from mbconv_cli.check.sides import Absence, Absent, Base, Sides
from mbconv_cli.plan.same_plans import same_computation
from mbconv_cli.report.baseline import StoredNetwork


def with_renames(sides: Iterable[Sides]) -> list[Sides]:
    """The networks with each added one compared with the removed one that it was, which then is no row of its own.

    Of several that are one computation, the one with the same file name is taken first.
    """
    listed = list(sides)
    gone = [one for one in listed if _is_gone(one)]
    found: dict[str, Sides] = {}
    for same_stem in (True, False):
        for one in (one for one in listed if _is_new(one) and one.key not in found):
            alike = [other for other in gone if _is_renamed(other, one, same_stem=same_stem)]
            if alike:
                gone.remove(alike[0])
                found[one.key] = alike[0]
    formers = {other.key for other in found.values()}
    kept = [_renamed(one, found.get(one.key)) for one in listed if one.key not in formers]
    label = labels(one.key for one in kept)
    return [replace(one, label=label[one.key]) for one in kept]


def _renamed(one: Sides, former: Sides | None) -> Sides:
    return replace(one, base=former.base, former_key=former.key) if former else one


def _is_gone(one: Sides) -> bool:
    return isinstance(one.head, Absent) and one.head.kind is Absence.GONE and one.has_base


def _is_new(one: Sides) -> bool:
    return isinstance(one.base, Absent) and one.base.kind is Absence.NEW


def _is_renamed(gone: Sides, new: Sides, *, same_stem: bool) -> bool:
    stems_agree = stem_of(gone.key) == stem_of(new.key)
    return stems_agree >= same_stem and isinstance(new.head, ReadNetwork) and _is_same(gone.base, new.head)


def _is_same(base: Base, head: ReadNetwork) -> bool:
    match base:
        case ReadNetwork():
            return same_computation(base.plan, head.plan)
        case StoredNetwork():
            return base.spec_sha256 == head.sha256
    return False

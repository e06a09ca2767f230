"""Every network of a check with its two sides: as it is, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias, assert_never

from mbconv_cli.check.config import LoadedConfig
from mbconv_cli.check.former_config import FormerConfig
from mbconv_cli.check.selection import (
    ReadNetwork,
    Selected,
    UnreadNetwork,
    is_outside,
    labels,
    read_network,
    select,
    select_at,
    stem_of,
)
from mbconv_cli.errors import Mark
from mbconv_cli.git.revisions import Revision, RevisionPath, holds
from mbconv_cli.report.baseline import Baseline, StoredNetwork
from mbconv_cli.spec.catalogue import Catalogue, Location, shipped_folder
from mbconv_cli.spec.code_reference import CodeReference


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """A baseline, and the file it was read from."""

    baseline: Baseline
    path: Path


class Absence(Enum):
    """Why a side is not there.

    The head: its file is gone, or the config no longer selects it. The base: it does not have the file yet, the file
    cannot be read there, or it is none of the repository's.
    """

    GONE = "gone"
    DESELECTED = "deselected"
    NEW = "new"
    BROKEN = "broken"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Absent:
    """A side that is not there, why, and that in words."""

    kind: Absence
    reason: str


Against: TypeAlias = Revision | StoredBaseline
"""What networks are compared with."""
Head: TypeAlias = ReadNetwork | UnreadNetwork | Absent
Base: TypeAlias = ReadNetwork | StoredNetwork | Absent | None
"""None where nothing is compared at all."""


@dataclass(frozen=True, slots=True)
class Sides:
    """One network.

    Attributes:
        key: what a baseline calls it.
        label: what a report calls it.
        file: where it is, or was.
        mark: the config's entry that selects it.
        head: as it is.
        base: what it is compared with.
        left_config: whether the base's config selects it, and the present one does not.
        former_key: what the base calls it, where it was renamed.
    """

    key: str
    label: str
    file: str
    mark: Mark
    head: Head
    base: Base
    left_config: bool = False
    former_key: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All that overrides may call it: its path or name in the config, the file's stem, and its own `name`.

        They do not depend on which other networks there are, unlike the label.
        """
        return _names(self.key, self.head, self.base)

    @property
    def former_names(self) -> tuple[str, ...]:
        """Likewise, what overrides may have called it when it was the base."""
        return _names(self.former_key or self.key, self.base, self.head)

    @property
    def is_checked(self) -> bool:
        """Whether it is there and selected."""
        return not isinstance(self.head, Absent)

    @property
    def has_base(self) -> bool:
        """Whether the base has the network."""
        return isinstance(self.base, ReadNetwork | StoredNetwork) or (
            isinstance(self.base, Absent) and self.base.kind is Absence.BROKEN
        )


def _names(key: str, *networks: Head | Base) -> tuple[str, ...]:
    """A path and its stem, and the `name` of the first of these networks that was read."""
    own = next(([one.loaded.spec.name] if one.written else [] for one in networks if isinstance(one, ReadNetwork)), [])
    return tuple(dict.fromkeys([key, stem_of(key), *own]))


def name_of(against: Against) -> str:
    """The revision or the path, as the user gave it."""
    match against:
        case Revision():
            return against.name
        case StoredBaseline():
            return str(against.path)
        case _:
            assert_never(against)


def both_sides(
    config: LoadedConfig, against: Against | None, catalogue: Catalogue, former: FormerConfig = None
) -> list[Sides]:
    """All networks that either side has, those of the working tree first.

    Args:
        config: which networks.
        against: what they are compared with.
        catalogue: where names are looked up.
        former: the config as of the revision that they are compared with.

    Raises:
        InputError: the config names a network that there is not.
    """
    heads = select(config, catalogue)
    known = former if isinstance(former, LoadedConfig) else None
    bases = select_at(config, known, against, heads, catalogue) if isinstance(against, Revision) else {}
    keys = [*heads, *(key for key in _keys_of(against, bases) if key not in heads)]
    label = labels(keys)
    return [
        _sides(key, label[key], heads.get(key), bases.get(key), _Context(config, against, catalogue)) for key in keys
    ]


@dataclass(frozen=True, slots=True)
class _Context:
    config: LoadedConfig
    against: Against | None
    catalogue: Catalogue


def _keys_of(against: Against | None, bases: dict[str, Selected]) -> Iterator[str]:
    yield from against.baseline.networks if isinstance(against, StoredBaseline) else bases


def _sides(key: str, label: str, head: Selected | None, base: Selected | None, context: _Context) -> Sides:
    known, read = head or base, _head(key, head, base, context)
    unchanged = read if isinstance(read, ReadNetwork) and _is_unchanged(head, base) else None
    return Sides(
        key,
        label,
        _file(head.place) if head else key,
        known.mark if known else Mark(str(context.config.path), 1, 1),
        read,
        unchanged or _base(key, head, base, context),
        left_config=base is not None and base.by_former_config,
    )


def _file(place: Location | CodeReference) -> str:
    """Where a network is; code is its own place."""
    return place.text if isinstance(place, CodeReference) else str(place)


def _head(key: str, selected: Selected | None, base: Selected | None, context: _Context) -> Head:
    if selected is None:
        place = _place_now(key, base, context)
        if place:
            return Absent(Absence.DESELECTED, f"{place} is still there, but the config no longer selects it")
        return Absent(Absence.GONE, f"{key} is not there")
    if not selected.place_exists:
        return Absent(Absence.GONE, f"{selected.place} is not there")
    return read_network(selected.place, context.catalogue)


def _is_unchanged(head: Selected | None, base: Selected | None) -> bool:
    """Whether a file has the same content in the base and extends nothing, so that the base is not read at all."""
    if head is None or base is None or not isinstance(head.place, Path) or not isinstance(base.place, RevisionPath):
        return False
    content = head.place.read_bytes()
    return b"extends" not in content and holds(base.place, content)


def _place_now(key: str, base: Selected | None, context: _Context) -> Location | None:
    """Where a network is that the config does not select, if it is there at all."""
    if base and isinstance(base.place, RevisionPath):
        top = base.place.revision.repository.top
        places = [Path(top, base.place.path)] if top else []
    else:
        places = [base.place if base and isinstance(base.place, Path) else context.config.folder / key]
    if found := next((place for place in places if place.exists()), None):
        return found
    named = (entry.path for entry in context.catalogue.entries() if entry.name == key)
    return next(named, None) if base is None else None


def _base(key: str, head: Selected | None, selected: Selected | None, context: _Context) -> Base:
    match context.against:
        case None:
            return None
        case StoredBaseline(baseline, path):
            return baseline.networks.get(key) or Absent(Absence.NEW, f"{path} does not have it")
        case Revision(name=name) if selected is None:
            if head is not None and is_outside(head.place, context.against):
                why = f"{name} does not have it: {_file(head.place)} is outside of the repository"
                if isinstance(head.place, CodeReference):
                    why = f"{head.key} is code, which is not run as of a revision; --baseline compares it"
                return Absent(Absence.OUTSIDE, why)
            return Absent(Absence.NEW, f"{name} does not have it")
        case Revision(name=name):
            read = read_network(selected.place, context.catalogue)
            if isinstance(read, UnreadNetwork):
                kind = Absence.OUTSIDE if head and _leads_outside(head, context) else Absence.BROKEN
                return Absent(kind, f"in {name}: {read.problems[0]}")
            return read
        case _:
            assert_never(context.against)


def _leads_outside(head: Selected, context: _Context) -> bool:
    """Whether a network extends a file that no revision of the repository holds; a shipped one is this program's."""
    assert isinstance(context.against, Revision)
    read = read_network(head.place, context.catalogue)
    marks = read.loaded.document.value_marks.values() if isinstance(read, ReadNetwork) and read.written else ()
    files = {Path(mark.file) for mark in marks}
    own = [file for file in files if not file.is_relative_to(shipped_folder())]
    return any(is_outside(file, context.against) for file in own)

"""Every network of a check with its two sides: as it is, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
from mbconv_cli.git.revisions import Revision
from mbconv_cli.report.baseline import Baseline, StoredNetwork
from mbconv_cli.spec.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """A baseline, and the file it was read from."""

    baseline: Baseline
    path: Path


@dataclass(frozen=True, slots=True)
class Absent:
    """A side that is not there, and why."""

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
    """

    key: str
    label: str
    file: str
    mark: Mark
    head: Head
    base: Base

    @property
    def names(self) -> tuple[str, ...]:
        """All that overrides may call it: its path or name in the config, the file's stem, and its own `name`.

        They do not depend on which other networks there are, unlike the label.
        """
        return self._named_by(self.head, self.base)

    @property
    def former_names(self) -> tuple[str, ...]:
        """Likewise, what overrides may have called it when it was the base."""
        return self._named_by(self.base, self.head)

    @property
    def is_checked(self) -> bool:
        """Whether it is there and selected."""
        return not isinstance(self.head, Absent)

    def _named_by(self, *networks: Head | Base) -> tuple[str, ...]:
        """Its path and stem, and the `name` of the first of these that was read."""
        own = next(([one.loaded.spec.name] for one in networks if isinstance(one, ReadNetwork)), [])
        return tuple(dict.fromkeys([self.key, stem_of(self.key), *own]))


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
    known = head or base
    return Sides(
        key,
        label,
        str(head.place) if head else key,
        known.mark if known else Mark(str(context.config.path), 1, 1),
        _head(head, context),
        _base(key, head, base, context),
    )


def _head(selected: Selected | None, context: _Context) -> Head:
    if selected is None:
        return Absent("it is there no more, or the config no longer selects it")
    if isinstance(selected.place, Path) and not selected.place.exists():
        return Absent(f"{selected.place} is not there")
    return read_network(selected.place, context.catalogue)


def _base(key: str, head: Selected | None, selected: Selected | None, context: _Context) -> Base:
    match context.against:
        case None:
            return None
        case StoredBaseline(baseline, path):
            return baseline.networks.get(key) or Absent(f"{path} does not have it; `mbconv baseline write` adds it")
        case Revision(name=name) if selected is None:
            outside = head is not None and is_outside(head.place, context.against)
            why = f": {head.place} is outside of the repository" if head and outside else ""
            return Absent(f"{name} does not have it{why}")
        case Revision(name=name):
            read = read_network(selected.place, context.catalogue)
            return Absent(f"in {name}: {read.problems[0]}") if isinstance(read, UnreadNetwork) else read
        case _:
            assert_never(context.against)

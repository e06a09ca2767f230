"""A design space: a network's document, and the axes along which it varies, each a list of alternatives.

`--vary PATH=V1,V2` and `--vary PATH=FIRST:LAST:STEP` name an axis on the command line; a space file names a network
and its axes in YAML.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple, TypeAlias

from mbconv_cli.errors import InputError, Problem
from mbconv_cli.spec.catalogue import Catalogue, read
from mbconv_cli.spec.loader import nested_document, read_document
from mbconv_cli.spec.overrides import apply_overrides, override_at, parse_override
from mbconv_cli.yaml.quotes import shown
from mbconv_cli.yaml.yaml_text import Document, Path, read_yaml

MOST_VALUES: Final = 10_000
_OPENING, _CLOSING, _QUOTES = "[{", "]}", "\"'"
_KEYS: Final = ("network", "source", "choices")
_ABSENT: Final = object()


Combination: TypeAlias = tuple[int, ...]
"""For each axis of a space, the index of an alternative."""


class Edit(NamedTuple):
    """A value of a document, by its path."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Alternative:
    """One choice of an axis.

    Attributes:
        label: what a row of the results shows: the value itself, or a text for a mapping of several keys.
        edits: what it changes in the document.
    """

    label: str | int | float | bool | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class SpaceAxis:
    """One direction of a space: a path, and the alternatives at it."""

    name: str
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Space:
    """All combinations of the axes' alternatives, numbered from 0; the last axis varies fastest.

    Attributes:
        document: the network that is varied, in canonical spelling.
        axes: in the order in which they were given.
        name: of the network or of the space file.
    """

    document: Document
    axes: tuple[SpaceAxis, ...]
    name: str

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return math.prod(len(axis.alternatives) for axis in self.axes)

    def alternatives(self, combination: Combination) -> tuple[Alternative, ...]:
        """The alternatives that a combination chooses."""
        return tuple(axis.alternatives[index] for axis, index in zip(self.axes, combination, strict=True))

    def combination(self, point: int) -> Combination:
        """The index of each axis's alternative at a point."""
        indices: list[int] = []
        for axis in reversed(self.axes):
            point, index = divmod(point, len(axis.alternatives))
            indices.append(index)
        return tuple(reversed(indices))


def varied_network(reference: str, variations: Sequence[str], overrides: Sequence[str], catalogue: Catalogue) -> Space:
    """The space of a network and `--vary` options.

    Raises:
        InputError: the network is not valid, or a variation has no valid path, no value, or changes what another
            one changes.
    """
    parsed = read_document(reference, catalogue)
    document, _ = apply_overrides(parsed, [parse_override(text) for text in overrides])
    return _space(document, [_written_axis(text) for text in variations], reference)


def space_of_file(file: FilePath, catalogue: Catalogue) -> Space:
    """The space that a YAML file describes: `network` (a name, a path or a whole network) and `choices`.

    Raises:
        InputError: it cannot be read, or something in it is not valid; with file, line and column.
    """
    written = read_yaml(read(file), str(file), noun="space", needs="a space needs `network` and `choices`")
    data = written.data
    if not isinstance(data, dict) or not isinstance(data.get("choices"), dict) or "network" not in data:
        raise InputError(f"{written.mark(())}: a space is a mapping of `network` and `choices`")
    for key in data:
        if key not in _KEYS:
            raise InputError(f"{written.key_mark((key,))}: unknown key {key!r}; valid are {', '.join(_KEYS)}")
    axes = [
        axis
        for path, entry in data["choices"].items()
        for axis in _listed_axes(str(path), entry, str(written.key_mark(("choices", path))))
    ]
    return _space(_network_of(written, file, catalogue), axes, file.stem)


def _network_of(written: Document, file: FilePath, catalogue: Catalogue) -> Document:
    network = written.data["network"]
    if isinstance(network, str):
        return read_document(network, catalogue)[0]
    if not isinstance(network, dict):
        raise InputError(f"{written.mark(('network',))}: should be a network's name or a network; got {shown(network)}")

    def inner(marks: dict[Path, Any]) -> dict[Path, Any]:
        return {path[1:]: mark for path, mark in marks.items() if path[:1] == ("network",)}

    inside = Document(network, inner(written.key_marks), inner(written.value_marks))
    return nested_document(inside, file, catalogue)[0]


class _WrittenAxis(NamedTuple):
    """An axis as a user wrote it.

    Attributes:
        path: of what varies.
        key: a key below the path, or the name of alternatives that are mappings merged into what is there.
        values: plain data.
        where: what messages call its place.
    """

    path: str
    key: str | None
    values: Sequence[Any]
    where: str


def _listed_axes(path: str, entry: Any, where: str) -> Iterator[_WrittenAxis]:
    """The axes of one entry under `choices`: one of a list, several of a mapping of lists."""
    for key, values in entry.items() if isinstance(entry, dict) else [(None, entry)]:
        if not isinstance(values, list) or not values:
            raise InputError(f"{where}: should be a list of values, or a mapping of lists; got {shown(values)}")
        yield _WrittenAxis(path, key, values, where)


def _written_axis(text: str) -> _WrittenAxis:
    path, equals, written = (part.strip() for part in text.partition("="))
    where = "--vary"
    if not (path and equals and written):
        raise InputError(
            f"{where} {text!r}: should be PATH=V1,V2 or PATH=FIRST:LAST:STEP, e.g. scaling.width=0.5:1.5:0.25"
        )
    values = _range(written, f"{where} {text!r}") or [
        parse_override(f"{path}={part}", where).value for part in _split(written)
    ]
    return _WrittenAxis(path, None, values, where)


def _range(text: str, where: str) -> list[int | float] | None:
    """`FIRST:LAST:STEP`, both ends included, in exact decimal steps; None if it is not one."""
    parts = text.split(":")
    if len(parts) != 3:
        return None
    try:
        first, last, step = (Decimal(part) for part in parts)
    except InvalidOperation:
        return None
    if not step or (last - first) / step < 0:
        raise InputError(f"{where}: the range {text} is empty; a step leads from the first value to the last")
    count = int((last - first) / step) + 1
    if count > MOST_VALUES:
        raise InputError(f"{where}: the range {text} has {count:,} values; at most {MOST_VALUES:,} are possible")
    values = [first + index * step for index in range(count)]
    return [int(value) if value == int(value) and "." not in text else float(value) for value in values]


def _split(text: str) -> list[str]:
    """The parts between commas that stand outside of brackets, braces and quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        else:
            depth += (character in _OPENING) - (character in _CLOSING)
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _space(document: Document, axes: Sequence[_WrittenAxis], name: str) -> Space:
    if not axes:
        raise InputError("nothing varies; name an axis, e.g. --vary 'blocks[*].kernel_size=3,5', or a --space FILE")
    document = _without_dependent_filters(document)
    built = tuple(_axis(document, axis) for axis in axes)
    _require_apart(built, axes)
    return Space(document, built, name)


def _without_dependent_filters(document: Document) -> Document:
    """The document without `input_filters` of rows: what comes into a row follows from the varied row before it."""
    rows = document.data.get("blocks")
    if not isinstance(rows, list):
        return document
    free = [{k: v for k, v in row.items() if k != "input_filters"} if isinstance(row, dict) else row for row in rows]
    return Document({**document.data, "blocks": free}, document.key_marks, document.value_marks)


def _axis(document: Document, axis: _WrittenAxis) -> SpaceAxis:
    problems: list[Problem] = []
    alternatives: list[Alternative] = []
    for value in axis.values:
        try:
            alternatives.append(Alternative(_label(value), _edits(document, axis, value)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*dict.fromkeys(problems))
    return SpaceAxis(f"{axis.path}.{axis.key}" if axis.key else axis.path, tuple(alternatives))


def _edits(document: Document, axis: _WrittenAxis, value: Any) -> tuple[Edit, ...]:
    """What one alternative changes: the value at the path (and key), or every key of a mapping merged into it."""
    merged = value if axis.key and isinstance(value, dict) else {axis.key: value}
    overrides = [
        override_at(f"{axis.path}.{key}" if key else axis.path, part, axis.where) for key, part in merged.items()
    ]
    changed, problems = apply_overrides((document, []), overrides)
    if problems:
        raise InputError(*(Problem(what, mark) for mark, what in problems))
    edits = tuple(_differences(document.data, changed.data, ()))
    if any(edit.path == ("blocks",) for edit in edits):
        raise InputError(f"{overrides[0].mark}: the list of rows cannot vary as a whole; name rows, e.g. blocks[2]")
    return edits


def _differences(before: Any, after: Any, path: Path) -> Iterator[Edit]:
    """The values of `after` that `before` does not have, mapping by mapping and row by row."""
    if isinstance(after, dict) and (isinstance(before, dict) or before is _ABSENT):
        known = before if isinstance(before, dict) else {}
        for key, value in after.items():
            yield from _differences(known.get(key, _ABSENT), value, (*path, key))
    elif path == ("blocks",) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, (*path, index))
    elif before is _ABSENT or before != after or type(before) is not type(after):
        yield Edit(path, after)


def _require_apart(axes: Sequence[SpaceAxis], written: Sequence[_WrittenAxis]) -> None:
    """Refuse two axes that change one value: which of them holds would depend on their order."""
    owner: dict[Path, int] = {}
    for index, axis in enumerate(axes):
        for edit in (edit for alternative in axis.alternatives for edit in alternative.edits):
            first = owner.setdefault(edit.path, index)
            if first != index:
                raise InputError(
                    f"{written[index].where}: {axis.name} changes what {axes[first].name} changes too; keep one of them"
                )


def _label(value: Any) -> str | int | float | bool | None:
    if isinstance(value, dict):
        return " ".join(f"{key}={_label(part)}" for key, part in value.items())
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)

"""YAML 1.2 text -> plain data that remembers the line and column of every key and value.

PyYAML parses the text into events; what a plain scalar means follows YAML 1.2's core schema (section 10.3.2
of https://yaml.org/spec/1.2.2/), not YAML 1.1: `yes` is a word, `1e-3` a number and `1:30` a word. The events
are put together here, without recursion and under limits, so that no file can exhaust the machine, and tags
are refused, so that none can name a Python object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from mbconv_cli.errors import InputError, Mark, Problem
from mbconv_cli.yaml.characters import TAB, find_stranger, is_tab
from mbconv_cli.yaml.core_schema import resolve_scalar
from mbconv_cli.yaml.quotes import shorten

Path: TypeAlias = tuple[str | int, ...]

Finding: TypeAlias = "tuple[Mark, str]"

MAX_CHARACTERS: Final = 1_000_000
MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 24
_MERGE_KEY: Final = "<<"

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data, with the mark of the key and of the value at each path."""

    data: Any
    key_marks: dict[Path, Mark]
    value_marks: dict[Path, Mark]

    def mark(self, path: Path) -> Mark:
        """Where the value at the path stands, or the nearest one around it."""
        while path and path not in self.value_marks:
            path = path[:-1]
        return self.value_marks[path]

    def key_mark(self, path: Path) -> Mark:
        """Where the key at the path stands, or what is nearest around it."""
        return self.key_marks.get(path) or self.mark(path)


NETWORK: Final = "network"
NETWORK_NEEDS: Final = "a network needs at least `input` and one layer"


def read_yaml(text: str, file: str, *, noun: str = NETWORK, needs: str = NETWORK_NEEDS) -> Document:
    """Parse one YAML document.

    Args:
        text: the document.
        file: its name, for messages.
        noun: what the file describes, for messages.
        needs: what an empty file lacks, for messages.

    Raises:
        InputError: the text is no YAML, is empty, exceeds a limit, or says a key twice;
            all duplicates are reported together.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{file}: {len(text):,} characters; a {noun}'s file has at most {MAX_CHARACTERS:,}")
    stranger = find_stranger(text)
    if stranger:
        raise InputError(Problem(f"{stranger.name}; a {noun}'s file is plain text", Mark(file, *stranger.place)))
    composer = _Composer(file, noun, needs)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        assert mark is not None  # PyYAML says where
        what = TAB if is_tab(text, mark.line, mark.column) else error.problem or error.context
        raise InputError(Problem(f"not YAML: {what}", Mark(file, mark.line + 1, mark.column + 1))) from error
    return composer.finish()


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come yet.

    Attributes:
        container: what it has so far.
        path: where it stands.
        anchor: its name, if it has one.
        first_node: how many nodes were before it.
        key: of a mapping, whose value comes next.
        quoted_key: whether it is written in quotes.
        merges: the path of what a mapping merges by `<<`, once that has come.
    """

    container: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    first_node: int
    key: str | None = None
    quoted_key: bool = False
    merges: Path | None = None


@dataclass(slots=True)
class _Composer:
    file: str
    noun: str
    needs: str
    key_marks: dict[Path, Mark] = field(default_factory=dict)
    value_marks: dict[Path, Mark] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int, Path]] = field(default_factory=dict)
    origins: dict[Path, Path] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0
    documents: int = 0
    root: Any = None

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._document(event)
            case _:
                pass  # stream start and end, document end: nothing to build

    def finish(self) -> Document:
        if self.documents == 0 or (self.root is None and self.nodes <= 1):
            raise InputError(Problem(f"the file is empty; {self.needs}", Mark(self.file, 0, 0)))
        if self.problems:
            raise InputError(*self.problems)
        return Document(self.root, self.key_marks, self.value_marks)

    def _document(self, event: yaml.Event) -> None:
        self.documents += 1
        if self.documents > 1:
            raise InputError(Problem(f"a second document; a file holds one {self.noun}", self._mark(event)))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._refuse_tag(event)
        if self._expects_key():
            self._key(event)
            return
        value: Any = event.value
        if event.implicit[0]:
            try:
                value = resolve_scalar(event.value)
            except ValueError as error:
                raise InputError(Problem(f"{error}", self._mark(event))) from error
        self._count(1, event)
        path = self._next_path()
        self.value_marks[path] = self._mark(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1, path)
        self._put(value)

    def _key(self, event: yaml.ScalarEvent) -> None:
        frame = self.stack[-1]
        key = event.value
        assert isinstance(frame.container, dict)
        if event.implicit[0] and not isinstance(_resolved_key(key), str):
            raise InputError(Problem(f"a key must be a word, not {shorten(repr(key))}", self._mark(event)))
        if key in frame.container or (key == _MERGE_KEY and frame.merges):
            first = self.key_marks[(*frame.path, key)]
            said = f"key {shorten(repr(key))} a second time; the first is in line {first.line}"
            self.problems.append(Problem(f"{said}", self._mark(event)))
        else:
            self.key_marks[(*frame.path, key)] = self._mark(event)
        frame.key = key
        frame.quoted_key = not event.implicit[0]

    def _open(self, container: dict[str, Any] | list[Any], event: yaml.CollectionStartEvent) -> None:
        self._refuse_tag(event)
        if self._expects_key():
            raise InputError(Problem("a key must be a word, not a mapping or a list", self._mark(event)))
        if len(self.stack) >= MAX_DEPTH:
            raise InputError(Problem(f"nested more than {MAX_DEPTH} levels deep", self._mark(event)))
        self._count(1, event)
        path = self._next_path()
        self.value_marks[path] = self._mark(event)
        self.stack.append(_Open(container, path, event.anchor, self.nodes))

    def _close(self) -> None:
        frame = self.stack.pop()
        if frame.merges:
            self._merge(frame, frame.merges)
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.container, self.nodes - frame.first_node + 1, frame.path)
        self._put(frame.container)

    def _alias(self, event: yaml.AliasEvent) -> None:
        mark = self._mark(event)
        if self._expects_key():
            raise InputError(Problem("a key must be a word, not an alias", mark))
        if event.anchor not in self.anchors:
            name = shorten(str(event.anchor))
            raise InputError(Problem(f"alias *{name} has no complete anchor &{name} before it", mark))
        value, size, origin = self.anchors[event.anchor]
        self._count(size, event)
        path = self._next_path()
        self.value_marks[path] = mark
        self.origins[path] = origin
        self._put(value)

    def _merge(self, frame: _Open, path: Path) -> None:
        """Add what `<<` names to a mapping that has ended: its own keys stay, and so do those of what is named first.

        Every key and value keeps its place in the file.
        """
        assert isinstance(frame.container, dict)
        named = frame.container.pop(_MERGE_KEY)
        members = (
            [((*path, index), one) for index, one in enumerate(named)] if isinstance(named, list) else [(path, named)]
        )
        for place, mapping in members:
            if not isinstance(mapping, dict):
                what = f"{_MERGE_KEY} merges a mapping, or a list of mappings"
                self.problems.append(Problem(what, self.value_marks[place]))
                continue
            origin = self.origins.get(place, place)
            for key in mapping.keys() - frame.container.keys():
                self._copy_marks(mapping[key], (*origin, key), (*frame.path, key))
            frame.container |= {key: value for key, value in mapping.items() if key not in frame.container}

    def _copy_marks(self, value: Any, origin: Path, path: Path) -> None:
        """Let a value at a path, and all in it, stand where it stands at its origin."""
        for marks in (self.key_marks, self.value_marks):
            if origin in marks:
                marks[path] = marks[origin]
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, below in inner:
            self._copy_marks(below, (*origin, step), (*path, step))

    def _expects_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].container, dict) and self.stack[-1].key is None

    def _next_path(self) -> Path:
        if not self.stack:
            return ()
        frame = self.stack[-1]
        if isinstance(frame.container, dict):
            assert frame.key is not None
            return (*frame.path, frame.key)
        return (*frame.path, len(frame.container))

    def _put(self, value: Any) -> None:
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        if isinstance(frame.container, dict):
            assert frame.key is not None
            frame.container[frame.key] = value
            if frame.key == _MERGE_KEY and not frame.quoted_key:
                frame.merges = (*frame.path, _MERGE_KEY)
            frame.key = None
        else:
            frame.container.append(value)

    def _count(self, nodes: int, event: yaml.Event) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise InputError(Problem(f"more than {MAX_NODES:,} values, aliases expanded", self._mark(event)))

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            what = f"tag {shorten(repr(event.tag))}; a {self.noun}'s file has plain values only"
            raise InputError(Problem(what, self._mark(event)))

    def _mark(self, event: yaml.Event) -> Mark:
        mark = event.start_mark
        assert mark is not None  # PyYAML marks every event that it parses
        return Mark(self.file, mark.line + 1, mark.column + 1)


def _resolved_key(text: str) -> object:
    try:
        return resolve_scalar(text)
    except ValueError:
        return None

"""`--set PATH=VALUE`, and `set:` in a file that extends another: changes of single values of a network's document.

They are made before it is validated like any file.

A path leads through keys and rows: `activation`, `scaling.width`, `blocks[0].kernel_size`, `blocks[-1].se_ratio`,
and over several rows at once: `blocks[*].kernel_size`, `blocks[2:].se_ratio`. A value is YAML, as in a file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from mbconv_cli.errors import InputError, Mark, Problem
from mbconv_cli.spec.spellings import ROW_SPELLINGS, Parsed, canonical
from mbconv_cli.spec.synonyms import KEYS, NOT_EXPRESSIBLE
from mbconv_cli.spec.validation_messages import valid_keys
from mbconv_cli.yaml.core_schema import resolve_scalar
from mbconv_cli.yaml.quotes import shown
from mbconv_cli.yaml.yaml_text import Document, Path, read_yaml

Step: TypeAlias = str | int | slice

_OF_THE_UNCHANGED: Final = ("expect", "published")
_NOT_SETTABLE: Final = (("extends",), ("set",))  # they have been followed before anything is set
_SEGMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)((?:\[[^\[\]]*\])*)")
_SUBSCRIPT: Final = re.compile(r"\[(?:(\*)|(-?[0-9]{1,6})|(-?[0-9]{1,6})?:(-?[0-9]{1,6})?)\]")
_BRACKETS: Final = re.compile(r"\[[^\[\]]*\]")
_ALIKE: Final = 0.6
_MOST_SUGGESTED: Final = 3


class NoMatchError(LookupError):
    """A path that leads nowhere in this network."""


@dataclass(frozen=True, slots=True)
class Override:
    """One change: the places that it names, and the value that goes there.

    Attributes:
        text: as the user wrote it: `PATH=VALUE`, or the path alone in a file.
        steps: the path: keys, and the index or slice of a row.
        value: plain data.
        mark: what stands before every complaint about the value.
    """

    text: str
    steps: tuple[Step, ...]
    value: Any
    mark: Mark

    @property
    def path(self) -> str:
        """The path as it was written."""
        return self.text.partition("=")[0].strip()


def parse_override(text: str, option: str = "--set") -> Override:
    """`blocks[2:].se_ratio=0` as an Override.

    Raises:
        InputError: it is no `PATH=VALUE`, or the value is no YAML.
    """
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise InputError(f"{option_mark(text, option)}: should be PATH=VALUE, e.g. --set 'blocks[*].kernel_size=3'")
    return _override(text, path.strip(), _value(value.strip(), text), option_mark(text, option))


def override_at(path: str, value: Any, option: str) -> Override:
    """An Override of plain data at a path.

    Args:
        path: as in `parse_override`.
        value: plain data.
        option: what messages say that it was given with.

    Raises:
        InputError: it is no path.
    """
    text = f"{path}={value}"
    return _override(text, path, value, option_mark(text, option))


def _override(text: str, path: str, value: Any, mark: Mark) -> Override:
    try:
        return Override(text, tuple(_steps(path)), value, mark)
    except ValueError as error:
        raise InputError(Problem(str(error), mark)) from error


def reach(override: Override, document: Document) -> str:
    """The override as it was written, and how many rows it set where a wildcard did not set all."""
    subscripts = [step for step in override.steps if isinstance(step, slice)]
    rows = document.data.get("blocks")
    if not subscripts or not isinstance(rows, list):
        return override.text
    named = len(range(len(rows))[subscripts[0]])
    marked = {
        path[1] for path, mark in document.value_marks.items() if path[:1] == ("blocks",) and mark == override.mark
    }
    return override.text if len(marked) == named else f"{override.text} ({len(marked)} of {named} rows)"


def apply_overrides(parsed: Parsed, overrides: Sequence[Override]) -> Parsed:
    """The document with the values in place, one after the other; their marks say which `--set` they come from.

    Its `expect` and `published` are left out: those figures are the unchanged network's.

    Raises:
        InputError: a path matches nothing; names the nearest valid ones. All of them are reported together.
    """
    if not overrides:
        return parsed
    document, findings = parsed
    data = {key: value for key, value in document.data.items() if key not in _OF_THE_UNCHANGED}
    return _changed((Document(data, document.key_marks, document.value_marks), findings), overrides)


def apply_set(parsed: Parsed, written: Document) -> Parsed:
    """A document that was extended, with the values under `set:` in place, in the order of the file.

    Args:
        parsed: the parent with the child laid over it.
        written: the child as it was read: its `set` is a mapping of paths, as `--set` takes them, to values.

    Raises:
        InputError: it is no mapping, or a path matches nothing; names the nearest valid ones.
    """
    changes = written.data["set"]
    if not isinstance(changes, dict):
        what = f"set: should be a mapping of paths to values, e.g. blocks[2].num_repeat: 3; got {shown(changes)}"
        raise InputError(Problem(what, written.mark(("set",))))
    return _changed(
        parsed, [_override(path, path, value, written.mark(("set", path))) for path, value in changes.items()]
    )


def _changed(parsed: Parsed, overrides: Sequence[Override]) -> Parsed:
    document, findings = parsed
    problems: list[Problem] = []
    for override in overrides:
        try:
            document, of_spelling = canonical(_applied(document, override))
        except NoMatchError as error:
            problems.append(Problem(f"{error}{_nearest(override.path, document)}", override.mark))
        else:
            findings = findings + of_spelling
    if problems:
        raise InputError(*problems)
    return document, findings


def option_mark(text: str, option: str = "--set") -> Mark:
    """The place of what was given on the command line."""
    return Mark(f"{option} {text!r}", 0, 0)


def _steps(path: str) -> Iterator[Step]:
    for segment in re.split(r"\.(?![^\[]*\])", path):
        match = _SEGMENT.fullmatch(segment)
        if not match:
            raise ValueError(f"{path!r} is no path; one looks like activation, scaling.width or blocks[2:].se_ratio")
        yield match[1]
        for subscript in _BRACKETS.findall(match[2]):
            yield _subscript(subscript)


def _subscript(text: str) -> int | slice:
    match = _SUBSCRIPT.fullmatch(text)
    if not match:
        raise ValueError(f"{text} selects no rows; valid are [0] (the first), [-1] (the last), [2:], [:2], [1:3], [*]")
    if match[1]:
        return slice(None)
    if match[2]:
        return int(match[2])
    return slice(*(int(bound) if bound else None for bound in (match[3], match[4])))


def _value(text: str, override: str) -> Any:
    """Plain data of the text; a word, number, boolean or null needs no parser."""
    scalar = resolve_scalar(text)
    return read_yaml(text, str(option_mark(override))).data if isinstance(scalar, str) else scalar


@dataclass(slots=True)
class _Rewrite:
    """One override at work on one document."""

    document: Document
    override: Override
    written: set[Path] = field(default_factory=set)

    def rewritten(self, node: Any, steps: Sequence[Step], path: Path, value: Any) -> Any:
        """The node with the value where the steps lead; the old one is left as it is.

        Raises:
            NoMatchError: they lead nowhere.
        """
        if not steps:
            self.written.add(path)
            return value
        step, *rest = steps
        if not isinstance(step, str):
            return self._items(node, step, rest, path, value)
        if not isinstance(node, dict | None):
            what = "a list, so it takes [*] or [0] before" if isinstance(node, list) else "a plain value, and has no"
            raise NoMatchError(f"{_shown(path)} is {what} {step!r}")
        valid = valid_keys(path, self.document)
        if step not in valid or (*path, step) in _NOT_SETTABLE:
            raise NoMatchError(f"{_shown(path) or 'a network'} has no {step!r}")
        kept = _without_synonym(node or {}, step, path)
        return {**kept, step: self.rewritten(kept.get(step), rest, (*path, step), value)}

    # A wildcard sets the rows that have the key: block types differ in what they can say.
    def _items(self, node: Any, step: int | slice, rest: Sequence[Step], path: Path, value: Any) -> Any:
        if not isinstance(node, list):
            raise NoMatchError(f"{_shown(path)} is no list, so it takes no [...]")
        chosen = _chosen(range(len(node)), step)
        if not chosen:
            has = f"has {len(node)}, [0] to [{len(node) - 1}]" if node else "is empty"
            raise NoMatchError(f"nothing is there: {_shown(path)} {has}")
        items = list(node)
        misses: list[NoMatchError] = []
        for index in chosen:
            try:
                items[index] = self.rewritten(items[index], rest, (*path, index), value)
            except NoMatchError as miss:
                misses.append(miss)
        if misses and (isinstance(step, int) or len(misses) == len(chosen)):
            raise misses[0]
        return items


def _applied(document: Document, override: Override) -> Document:
    rewrite = _Rewrite(document, override)
    data = rewrite.rewritten(document.data, override.steps, (), override.value)

    def stands(path: Path) -> bool:
        return not any(path[:length] in rewrite.written for length in range(1, len(path) + 1))

    fresh = dict.fromkeys(rewrite.written, override.mark)
    return Document(
        data,
        {path: mark for path, mark in document.key_marks.items() if stands(path)} | fresh,
        {path: mark for path, mark in document.value_marks.items() if stands(path)} | fresh,
    )


def _chosen(places: range, step: int | slice) -> Sequence[int]:
    if isinstance(step, slice):
        return places[step]
    return [places[step]] if -len(places) <= step < len(places) else []


def _without_synonym(node: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    """A row without what a published spelling is about to say anew."""
    meant = [spelling.key for spelling in ROW_SPELLINGS if spelling.published == key and path[:1] == ("blocks",)]
    return {known: value for known, value in node.items() if known not in meant}


def _shown(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _nearest(path: str, document: Document) -> str:
    """The valid path that looks most like this one, or those that end like it."""
    sought = _BRACKETS.sub("[*]", path)
    around, _, last = sought.rpartition(".")
    if last in NOT_EXPRESSIBLE:
        return f"; {NOT_EXPRESSIBLE[last]}"
    if meant := KEYS.get(last):
        sought = meant if "." in meant else f"{around}.{meant}"
    valid = list(_valid_paths(document))
    alike = difflib.get_close_matches(sought, valid, n=1, cutoff=_ALIKE)
    if not alike:
        leaves = {known.rpartition(".")[2] for known in valid}
        leaf = difflib.get_close_matches(sought.rpartition(".")[2], leaves, n=1, cutoff=_ALIKE)
        alike = [known for known in valid if leaf and known.rpartition(".")[2] == leaf[0]]
    if not alike:
        return "; valid are e.g. activation, scaling.width and blocks[*].kernel_size; `mbconv schema` shows all keys"
    return "; nearest valid path: " + " or ".join(alike[:_MOST_SUGGESTED])


def _section_paths(around: Path, document: Document) -> Iterator[str]:
    for key in valid_keys(around, document):
        if (path := (*around, key)) not in _NOT_SETTABLE:
            yield _shown(path)
            yield from () if path == ("blocks",) else _section_paths(path, document)


def _valid_paths(document: Document) -> Iterator[str]:
    """Every path that could be set in this network, rows as `blocks[*]`."""
    yield from _section_paths((), document)
    rows = document.data.get("blocks")
    keys: dict[str, None] = {}
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        keys |= dict.fromkeys(valid_keys(("blocks", index), document) if isinstance(row, dict) else ())
    yield from (f"blocks[*].{key}" for key in keys)

"""Other people's spellings of a row -> ours, so that published rows are valid as they stand.

EfficientNet's BlockArgs (tensorflow/tpu, models/official/efficientnet/efficientnet_model.py) say `strides` and
`id_skip` where this vocabulary says `stride` and `shortcut`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mbconv_cli.errors import Mark
from mbconv_cli.spec.nested_rows import unnested
from mbconv_cli.spec.notation import NotationError, StringRow, row_of
from mbconv_cli.spec.pasted_rows import unpasted
from mbconv_cli.yaml.quotes import shown
from mbconv_cli.yaml.yaml_text import Document, Finding, Path

Parsed: TypeAlias = tuple[Document, list[Finding]]
"""A document in this vocabulary, and what is wrong with the spellings in it."""


def _same(value: Any) -> Any:
    return value


def _shortcut_of_id_skip(value: Any) -> str:
    if not isinstance(value, bool):
        raise TypeError("should be true or false")
    return "identity" if value else "none"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A published key, the key it means here, its JSON schema, and how its value translates (TypeError: it cannot)."""

    published: str
    key: str
    schema: dict[str, Any]
    translate: Callable[[Any], Any]


ROW_SPELLINGS: Final = (
    Spelling("strides", "stride", {"$ref": "#/$defs/Stride"}, _same),
    Spelling("id_skip", "shortcut", {"type": "boolean"}, _shortcut_of_id_skip),
)


_KEY_OF: Final = {spelling.published: spelling.key for spelling in ROW_SPELLINGS}


def canonical(document: Document) -> Parsed:
    """The document with every row in this vocabulary, and what is wrong with the spellings.

    Marks keep pointing at what was written. A row must not say one thing in two spellings; a string that is no row
    stays as it is.
    """
    document, problems = unpasted(document)
    document, joined = unnested(document)
    data = document.data
    if not isinstance(data.get("blocks"), list):
        return document, problems
    rows = [_row(row, ("blocks", index), document, problems) for index, row in enumerate(data["blocks"])]
    rows = [
        type(row)({"joined": True} | row) if index in joined and isinstance(row, dict) else row
        for index, row in enumerate(rows)
    ]
    marks = _renamed(document.key_marks), _renamed(document.value_marks)
    return Document({**data, "blocks": rows}, *marks), problems


def _row(row: Any, path: Path, document: Document, problems: list[Finding]) -> Any:
    if isinstance(row, dict):
        return _canonical_row(row, path, document, problems)
    if isinstance(row, list):
        problems.append((document.mark(path), _numbers_for_keys(row)))
    if not isinstance(row, str):
        return row
    try:
        return StringRow(row_of(row))
    except NotationError as error:
        problems.append((document.mark(path), str(error)))
        return row


def _numbers_for_keys(row: list[Any]) -> str:
    """What to write in place of a row of MobileNetV2's table 2, which is numbers under the heads t, c, n and s."""
    meant = ("expand_ratio", "output_filters", "num_repeat", "stride")
    keys = ", ".join(f"{key}: {value}" for key, value in zip(meant, row, strict=False))
    if len(row) != len(meant):
        return f"a row is a mapping of keys to values, or a string; got {shown(row)}"
    return f"a row of numbers does not say their keys; t, c, n, s are {{kernel_size: 3, {keys}}}"


def _canonical_row(row: dict[str, Any], path: Path, document: Document, problems: list[Finding]) -> dict[str, Any]:
    translated = type(row)(row)
    for spelling in ROW_SPELLINGS:
        if spelling.published not in row:
            continue
        written = (*path, spelling.published)
        value = translated.pop(spelling.published)
        if spelling.key in row:
            what = f"{spelling.published} and {spelling.key} say the same; keep one"
            problems.append((document.key_mark(written), what))
            continue
        try:
            translated[spelling.key] = spelling.translate(value)
        except TypeError as error:
            problems.append((document.mark(written), f"{spelling.published}: {error}; got {shown(value)}"))
    return translated


def _renamed(marks: dict[Path, Mark]) -> dict[Path, Mark]:
    return {_meant(path): mark for path, mark in marks.items()}


def _meant(path: Path) -> Path:
    match path:
        case ("blocks", int(), str(key), *_) if key in _KEY_OF:
            return (*path[:2], _KEY_OF[key], *path[3:])
    return path

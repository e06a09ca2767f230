"""Other people's spellings of a row -> ours, so that published rows are valid as they stand.

EfficientNet's BlockArgs (tensorflow/tpu, models/official/efficientnet/efficientnet_model.py) say `strides` and
`id_skip` where this vocabulary says `stride` and `shortcut`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mbconv_cli.errors import InputError
from mbconv_cli.spec.notation import NotationError, row_of
from mbconv_cli.spec.yaml_text import Document, Mark, Path


def _same(value: Any) -> Any:
    return value


def _shortcut_of_id_skip(value: Any) -> Any:
    """`true` and `false` as a shortcut; anything else is left for the schema to refuse."""
    return {True: "identity", False: "none"}[value] if isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class Spelling:
    """A published key, the key it means here, its JSON schema, and how its value translates."""

    published: str
    key: str
    schema: dict[str, Any]
    translate: Callable[[Any], Any]


ROW_SPELLINGS: Final = (
    Spelling("strides", "stride", {"$ref": "#/$defs/Stride"}, _same),
    Spelling("id_skip", "shortcut", {"type": "boolean"}, _shortcut_of_id_skip),
)


def canonical(document: Document) -> Document:
    """The document with every row in this vocabulary; marks keep pointing at what was written.

    Raises:
        InputError: a row says one thing in two spellings, or is a string that is no row.
    """
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("blocks"), list):
        return document
    key_marks, value_marks = dict(document.key_marks), dict(document.value_marks)
    rows: list[Any] = []
    problems: list[str] = []
    for index, row in enumerate(data["blocks"]):
        path: Path = ("blocks", index)
        if isinstance(row, str):
            rows.append(_decoded(row, document.mark(path), problems))
        elif isinstance(row, dict):
            rows.append(_canonical_row(row, path, key_marks, value_marks, problems))
        else:
            rows.append(row)
    if problems:
        raise InputError(*problems)
    return Document({**data, "blocks": rows}, key_marks, value_marks)


def _decoded(text: str, mark: Mark, problems: list[str]) -> dict[str, Any]:
    """A row that is written as one string."""
    try:
        return row_of(text)
    except NotationError as error:
        problems.append(f"{mark}: {error}")
        return {}


def _canonical_row(
    row: dict[str, Any],
    path: Path,
    key_marks: dict[Path, Mark],
    value_marks: dict[Path, Mark],
    problems: list[str],
) -> dict[str, Any]:
    translated = dict(row)
    for spelling in ROW_SPELLINGS:
        if spelling.published not in row:
            continue
        written, meant = (*path, spelling.published), (*path, spelling.key)
        if spelling.key in row:
            problems.append(f"{key_marks.get(written)}: {spelling.published} and {spelling.key} say the same; keep one")
            continue
        value = translated.pop(spelling.published)
        translated[spelling.key] = spelling.translate(value)
        for marks in (key_marks, value_marks):
            if written in marks:
                marks[meant] = marks[written]
    return translated

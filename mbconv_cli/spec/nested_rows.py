"""Rows in lists of their own, as timm writes the rows of a stage -> rows of one list, and which of them are joined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mbconv_cli.errors import Mark
from mbconv_cli.yaml.yaml_text import Document, Path


def unnested(document: Document) -> tuple[Document, frozenset[int]]:
    """The document with all rows in one list, and the numbers of those that stood behind another one in a list.

    Marks keep pointing at what was written.
    """
    rows = document.data.get("blocks")
    if not isinstance(rows, list) or not any(isinstance(row, list) for row in rows):
        return document, frozenset()
    places = list(_places(rows))
    new_index = {path: index for index, (path, _) in enumerate(places)}
    marks = _moved(document.key_marks, new_index), _moved(document.value_marks, new_index)
    flat = Document({**document.data, "blocks": [row for _, row in places]}, *marks)
    return flat, frozenset(index for path, index in new_index.items() if path[2:] > (0,))


def _places(rows: list[Any]) -> Iterator[tuple[Path, Any]]:
    """Every row with its path; a list of anything but rows stays a row, for whoever reports it."""
    for index, row in enumerate(rows):
        if isinstance(row, list) and any(isinstance(inner, dict | str) for inner in row):
            yield from ((("blocks", index, inner), of_stage) for inner, of_stage in enumerate(row))
        else:
            yield ("blocks", index), row


def _moved(marks: dict[Path, Mark], new_index: dict[Path, int]) -> dict[Path, Mark]:
    """The marks of the rows and of all in them under their new paths; the lists around them have none."""
    moved: dict[Path, Mark] = {}
    for path, mark in marks.items():
        if path[:1] != ("blocks",) or len(path) == 1:
            moved[path] = mark
            continue
        old = next((path[:length] for length in (2, 3) if path[:length] in new_index), None)
        if old:
            moved["blocks", new_index[old], *path[len(old) :]] = mark
    return moved

"""Rows pasted as Python text, as timm's `arch_def = [...]` -> a list of rows, each with its line."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from mbconv_cli.errors import Mark
from mbconv_cli.yaml.quotes import shorten, shown
from mbconv_cli.yaml.yaml_text import Document, Finding, Path

_ASSIGNMENT: Final = re.compile(r"\A\s*(?:[A-Za-z_][A-Za-z0-9_.]*\s*=)?\s*")


def unpasted(document: Document) -> tuple[Document, list[Finding]]:
    """The document with rows in place of a text in Python's notation under `blocks`, and what is wrong with the text.

    Strings, and lists of strings as the rows of a stage, may stand in it, and comments. Marks point at the line of
    each row.
    """
    text = document.data.get("blocks")
    if not isinstance(text, str):
        return document, []
    mark = document.mark(("blocks",))
    block = "\n" in text.rstrip()  # a literal block begins in the line behind its `|`
    rest = _ASSIGNMENT.sub("", text)
    body = textwrap.dedent(rest).rstrip().rstrip(",")
    first_line = mark.line + (1 if block else 0) + text.removesuffix(rest).count("\n")
    try:
        listed = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        line = first_line + (error.lineno or 1) - 1
        what = f"blocks: not a list of strings: {error.msg}, in {shorten(repr((error.text or '').strip()))}"
        return _without_rows(document), [(Mark(mark.file, line, error.offset or 1), what)]
    problems: list[Finding] = []
    marks: dict[Path, Mark] = {}
    rows = [_row(node, ("blocks", index), first_line, mark.file, marks, problems) for index, node in _items(listed)]
    if not rows and not problems:
        problems.append((mark, f"blocks: should be a list; got {shown(text)}"))
    if problems:
        return _without_rows(document), problems
    return Document({**document.data, "blocks": rows}, document.key_marks, document.value_marks | marks), []


def _items(node: ast.expr) -> Iterator[tuple[int, ast.expr]]:
    yield from enumerate(node.elts if isinstance(node, ast.List | ast.Tuple) else ())


def _row(
    node: ast.expr, path: Path, first_line: int, file: str, marks: dict[Path, Mark], problems: list[Finding]
) -> Any:
    mark = Mark(file, first_line + node.lineno - 1, node.col_offset + 1)
    marks[path] = mark
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.List | ast.Tuple) and len(path) == 2:
        return [_row(one, (*path, index), first_line, file, marks, problems) for index, one in _items(node)]
    problems.append((mark, f"blocks: should be a string or a list of strings; got {shorten(ast.unparse(node))}"))
    return None


def _without_rows(document: Document) -> Document:
    """The document with no rows, so that one mistake is reported once."""
    return Document({**document.data, "blocks": []}, document.key_marks, document.value_marks)

"""The parts that Markdown is put together from: text that is nothing but text, tables and lists."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mbconv_cli.render.cells import cell_text, is_numeric, title, visible_columns
from mbconv_cli.render.safe_text import safe
from mbconv_cli.report.model import Section


def escaped(text: str) -> str:
    """Text that Markdown and HTML take as nothing but text, and GitHub as nobody's name to call."""
    text = safe(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|#~])", r"\\\1", text)
    return re.sub(r"@(?=\w)", "@<!-- -->", text)


def bullets(texts: Iterable[str]) -> str:
    """A list, one text a line."""
    return "\n".join(f"- {escaped(text)}" for text in texts)


def table(name: str, section: Section) -> str:
    """A section as a table of GitHub-flavoured Markdown."""
    columns = visible_columns(section)
    lines = [
        "| " + " | ".join(escaped(title(column, name)) for column in columns) + " |",
        "|" + "|".join(" ---: " if is_numeric(section, column) else " --- " for column in columns) + "|",
    ]
    lines += ["| " + " | ".join(escaped(cell_text(row, column)) for column in columns) + " |" for row in section.rows]
    return "\n".join(lines)

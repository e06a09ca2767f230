"""Characters that no YAML text has, and where they stand."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

TAB: Final = "a tab; YAML is indented with spaces"

_BYTE_ORDER_MARK: Final = "\ufeff"
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class Stranger(NamedTuple):
    """A character that is no text: its line and column, counted from one, and its name."""

    place: tuple[int, int]
    name: str


def find_stranger(text: str) -> Stranger | None:
    """The first character that YAML does not allow, or None."""
    if text.replace("\n", "").isprintable():
        return None  # as nearly all files are: YAML allows all that Unicode calls printable
    found = _no_text().search(text, len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0)
    if found is None:
        return None
    lines = _LINE_BREAK.split(text[: found.start()])
    return Stranger((len(lines), len(lines[-1]) + 1), f"character U+{ord(found.group()):04X}")


@cache
def _no_text() -> re.Pattern[str]:
    """All but what section 5.1 of https://yaml.org/spec/1.2.2/ allows; a byte order mark may only come first.

    Compiling it takes as long as reading thirty files.
    """
    return re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def is_tab(text: str, line: int, column: int) -> bool:
    """Whether a tab stands at this line and column, counted from zero as PyYAML does."""
    lines = _LINE_BREAK.split(text, maxsplit=line + 1)
    return lines[line][column : column + 1] == "\t" if line < len(lines) else False

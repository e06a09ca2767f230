"""Text that comes from outside (names in files, names of files), made safe to print."""

from __future__ import annotations

import re
from typing import Final

_COMMAND: Final = re.compile(r"^(\s*):(?=:)")
_OLD_COMMAND: Final = re.compile(r"#(?=#\[)")
_ASCII_FOR: Final = str.maketrans({"±": "+-", "…": "...", "─": "-"})


def safe(text: str, *, unicode: bool = True) -> str:
    r"""The text with everything that does not print written as an escape, `\x1b` for one.

    So no name can move the cursor, start a line, turn the direction of writing around or set a terminal's title; nor
    can it command the runner of a workflow on GitHub, which takes `::error::` at the start of a line and `##[group]`
    anywhere in it (https://github.com/actions/runner, src/Runner.Common/ActionCommand.cs).

    Args:
        text: any text.
        unicode: whether more than ASCII can be shown; if not, it is written as escapes too.
    """
    if text.isascii() and text.isprintable() and "::" not in text and "#" not in text:
        return text  # nearly every cell of a table
    shown = "".join(character if character.isprintable() else _escape(character) for character in text)
    shown = _OLD_COMMAND.sub(r"\\x23", _COMMAND.sub(r"\1\\x3a", shown))
    if unicode:
        return shown
    return shown.translate(_ASCII_FOR).encode("ascii", "backslashreplace").decode("ascii")


def _escape(character: str) -> str:
    if character == "\xa0":  # a space to the eye
        return " "
    return character.encode("unicode_escape").decode("ascii")

"""Text that comes from outside (names in files, names of files), made safe to print."""

from __future__ import annotations

from typing import Final

_ASCII_FOR: Final = str.maketrans({"±": "+-", "…": "...", "─": "-"})


def safe(text: str, *, unicode: bool = True) -> str:
    r"""The text with everything that does not print written as an escape, `\x1b` for one.

    So no name can move the cursor, start a line, turn the direction of writing around or set a terminal's title.

    Args:
        text: any text.
        unicode: whether more than ASCII can be shown; if not, it is written as escapes too.
    """
    shown = "".join(character if character.isprintable() else _escape(character) for character in text)
    if unicode:
        return shown
    return shown.translate(_ASCII_FOR).encode("ascii", "backslashreplace").decode("ascii")


def _escape(character: str) -> str:
    if character == "\xa0":  # a space to the eye
        return " "
    return character.encode("unicode_escape").decode("ascii")

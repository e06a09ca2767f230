"""Lines of cells with a style each, as plain text or with the escape codes of colours.

Tables have thousands of cells, and a `rich.text.Text` of each takes several times as long as all else; their codes are
rich's own, asked for once a style. It is loaded where colours, narrow lines or wide characters need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import dropwhile
from typing import Final, TypeAlias

Piece: TypeAlias = str | tuple[str, str]
"""A part of a line, with a style or plain."""
Line: TypeAlias = Sequence[Piece]
_PLACE: Final = "x"


def plain_line(line: Line) -> str:
    """The text of a line, without what is blank at its end."""
    return "".join([piece if isinstance(piece, str) else piece[0] for piece in line]).rstrip()


def coloured_line(line: Line) -> str:
    """The text of a line with its colours, without what is blank at its end."""
    texts = []
    for piece in _without_blank_end(line):
        if isinstance(piece, str):
            texts.append(piece)
        elif text := piece[0]:
            before, after = _codes(piece[1])
            texts.append(f"{before}{text}{after}")
    return "".join(texts)


def columns_of(text: str) -> int:
    """The columns of a terminal that a text takes; wide characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def wrapped(line: Line, width: int) -> list[Line]:
    """A line in as many as it takes, broken between words."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=width)
    lines = Text.assemble(*line).wrap(console, width)
    return [[(part.text, str(part.style or "")) for part in one.render(console)] for one in lines]


def _without_blank_end(line: Line) -> Iterable[Piece]:
    kept = list(dropwhile(lambda piece: not _text(piece).strip(), reversed(line)))[::-1]
    if not kept:
        return kept
    last = kept.pop()
    return [*kept, last.rstrip() if isinstance(last, str) else (last[0].rstrip(), last[1])]


def _text(piece: Piece) -> str:
    return piece if isinstance(piece, str) else piece[0]


@cache
def _codes(style: str) -> tuple[str, str]:
    """What stands before and after a text of a style."""
    from rich.color import ColorSystem
    from rich.style import Style as RichStyle

    before, _, after = RichStyle.parse(style).render(_PLACE, color_system=ColorSystem.STANDARD).partition(_PLACE)
    return before, after

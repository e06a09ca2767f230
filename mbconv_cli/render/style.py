"""What a renderer may know of the place where its text will be shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """The place.

    Attributes:
        width: columns of the terminal, or None where lines may be of any length.
        color: whether to use colours.
        unicode: whether more than ASCII can be shown.
        verbose: whether to show every row and every note in full, and not what answers the question first.
        exact: whether figures keep all digits even where columns would have to go for them.
    """

    width: int | None = None
    color: bool = False
    unicode: bool = True
    verbose: bool = False
    exact: bool = False

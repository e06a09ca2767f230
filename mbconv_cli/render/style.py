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
    """

    width: int | None = None
    color: bool = False
    unicode: bool = True

"""How messages quote what a file says."""

from __future__ import annotations

from typing import Any, Final

_LONGEST: Final = 60


def shorten(text: str) -> str:
    """A text, cut where it is long."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def shown(value: Any) -> str:
    """A value as YAML's readers know it, on one line and not long."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple) and len(value) > 4:
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return shorten(repr(value))

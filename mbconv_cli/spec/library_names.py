"""The networks of torchvision and timm by name, read from their files: nothing of either is imported or run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mbconv_cli.spec.code_reference import LIBRARIES

_REGISTERED: Final = re.compile(
    r"^@register_model(?:\((?:name=)?[\"']?(?P<given>[\w.]*)[\"']?\))?\n(?:.*\n)*?def (?P<name>\w+)\(", re.MULTILINE
)
"""A builder that both libraries register: `@register_model` in front of its `def`."""


def library_references(incomplete: str) -> list[str]:
    """All `torchvision:NAME` and `timm:NAME` that begin so, of what is installed; the libraries' own beginnings too."""
    library, colon, _ = incomplete.partition(":")
    if not colon:
        return [f"{name}:" for name in LIBRARIES if name.startswith(incomplete) and _folder(name)]
    if library not in LIBRARIES:
        return []
    names = sorted({f"{library}:{name}" for name in _names(library)})
    return [name for name in names if name.startswith(incomplete)]


def _names(library: str) -> Iterator[str]:
    folder = _folder(library)
    for path in sorted(folder.rglob("*.py")) if folder else ():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):  # completion offers what it can
            continue
        yield from (found["given"] or found["name"] for found in _REGISTERED.finditer(text))


def _folder(library: str) -> Path | None:
    """Where a library's models are, if it is installed."""
    spec = find_spec(library)
    places = spec.submodule_search_locations if spec else None
    folder = Path(places[0]) / "models" if places else None
    return folder if folder and folder.is_dir() else None

"""Which networks extend which: what else a change of a file touches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mbconv_cli.errors import InputError
from mbconv_cli.spec.catalogue import Catalogue, read
from mbconv_cli.yaml.yaml_text import read_yaml


def dependents(changed: Iterable[Path], candidates: Iterable[Path], catalogue: Catalogue) -> list[Path]:
    """The files that extend a changed file, directly or through others, and those that extend one that is gone.

    Args:
        changed: YAML files.
        candidates: all that may extend others.
        catalogue: where names are looked up.
    """
    children: dict[Path, list[Path]] = {}
    found: list[Path] = []
    for path in candidates:
        reference = _extended(path)
        if reference is None:
            continue
        parent = _parent(reference, path, catalogue)
        if parent is None:
            found.append(path)
        else:
            children.setdefault(parent, []).append(path)
    ahead = [path.resolve() for path in (*changed, *found)]
    seen = set(ahead)
    while ahead:
        for child in children.get(ahead.pop(), ()):
            if child.resolve() not in seen:
                found.append(child)
                seen.add(child.resolve())
                ahead.append(child.resolve())
    return found


def _extended(path: Path) -> str | None:
    """What a file extends, if it is a network that extends another."""
    try:
        text = read(path)
        data = read_yaml(text, str(path)).data if "extends" in text else None
    except InputError:
        return None  # whoever validates the file itself reports it
    reference = data.get("extends") if isinstance(data, dict) else None
    return reference if isinstance(reference, str) else None


def _parent(reference: str, path: Path, catalogue: Catalogue) -> Path | None:
    """The file that is extended; None if there is none."""
    try:
        place = catalogue.find(reference, referrer=path)
    except InputError:
        return None
    return place.resolve() if isinstance(place, Path) and place.exists() else None

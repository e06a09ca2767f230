"""`extends:` another spec: mappings are merged key by key, everything else is replaced."""

from __future__ import annotations

from typing import Any, Final

from mbconv_cli.yaml.yaml_text import Document, Path

# What holds for one network alone, and not for one derived from it.
NOT_INHERITED: Final = ("name", "expect", "published")


def extend(parent: Document, child: Document) -> Document:
    """The child laid over its parent; every mark points into the file that said it last."""
    inherited = {key: value for key, value in parent.data.items() if key not in NOT_INHERITED}
    replaced: set[Path] = set()
    data = _overlay(inherited, child.data, (), replaced)

    def stands(path: Path) -> bool:
        return not any(path[:length] in replaced for length in range(1, len(path) + 1))

    return Document(
        data,
        {path: mark for path, mark in parent.key_marks.items() if stands(path)} | child.key_marks,
        {path: mark for path, mark in parent.value_marks.items() if stands(path)} | child.value_marks,
    )


def _overlay(parent: dict[str, Any], child: dict[str, Any], path: Path, replaced: set[Path]) -> dict[str, Any]:
    merged = dict(parent)
    for key, value in child.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(parent.get(key), dict):
            merged[key] = _overlay(parent[key], value, here, replaced)
        else:
            merged[key] = value
            replaced.add(here)
    return merged

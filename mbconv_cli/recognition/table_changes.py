"""What a file that extends another has to say: the values in which two Specs differ, by the paths of `--set`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS, Spec
from mbconv_cli.spec.yaml_writer import PAIRS


def table_changes(base: Spec, head: Spec) -> dict[str, Any] | None:
    """The single values that make the base the head; None where their rows are not as many.

    The resolution is left out: scaling says it.
    """
    if len(base.blocks) != len(head.blocks):
        return None
    kept = set(DESCRIPTIVE_KEYS)
    before, after = (spec.model_dump(mode="json", exclude=kept) for spec in (base, head))
    rows = zip(before.pop("blocks"), after.pop("blocks"), strict=True)
    changes = dict(_differences(before, after, ""))
    for index, (old, new) in enumerate(rows):
        whole = head.blocks[index].model_dump(mode="json", exclude_defaults=True)
        changes |= _row_changes(old, new, whole, f"blocks[{index}]")
    changes.pop("input.resolution", None)
    return changes


def _row_changes(old: dict[str, Any], new: dict[str, Any], whole: dict[str, Any], path: str) -> dict[str, Any]:
    """Single keys of a row; the row as a whole where it is of another type."""
    if old["type"] != new["type"]:
        return {path: {"type": new["type"], **whole}}
    return dict(_differences(old, new, path))


def _differences(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in after.items():
            yield from _differences(before[key], value, f"{path}.{key}" if path else key)
    elif before != after:
        is_pair = path.rpartition(".")[2] in PAIRS and isinstance(after, list) and after[0] == after[1]
        yield path, after[0] if is_pair else after

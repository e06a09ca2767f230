"""Which line of a network's file is to blame for what a network costs more than before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mbconv_cli.check.selection import ReadNetwork
from mbconv_cli.errors import Mark
from mbconv_cli.plan.ops import Plan
from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS
from mbconv_cli.yaml.yaml_text import Path

Costs = Callable[[Plan], Mapping[str, int]]


def blame(base: ReadNetwork, head: ReadNetwork, stage_costs: Costs | None) -> Mark | None:
    """The first place where the two files say something else; where it is known, in the stage that costs the most more.

    What comes from a file that the network extends is marked in that file.

    Args:
        base: the network as it was.
        head: as it is.
        stage_costs: a metric of each stage (`stem`, `stages.2`, ...) of a Plan.

    Returns:
        The place, or None if both say the same.
    """
    changed = list(changed_paths(base.loaded.document.data, head.loaded.document.data))
    if not changed:
        return None
    worst = _worst_stage(base.plan, head.plan, stage_costs) if stage_costs and _same_rows(base, head) else None
    in_worst = [path for path in changed if _stage_of(path) == worst]
    return _mark(head, (in_worst or changed)[0])


def changed_paths(base: Any, head: Any, path: Path = ()) -> Iterator[Path]:
    """Where two documents differ: the values of the head's, or what is nearest to what only the base has."""
    match base, head:
        case dict(), dict():
            keys = [key for key in (*head, *(key for key in base if key not in head)) if path or _costs(key)]
            for key in keys:
                yield from _changed(base, head, key, key in base, key in head, path)
        case list(), list():
            for index in range(max(len(base), len(head))):
                yield from _changed(base, head, index, index < len(base), index < len(head), path)
        case _ if base != head or type(base) is not type(head):
            yield path


def _changed(base: Any, head: Any, key: str | int, in_base: bool, in_head: bool, path: Path) -> Iterator[Path]:
    if in_base and in_head:
        yield from changed_paths(base[key], head[key], (*path, key))
    else:
        yield (*path, key)


def _costs(key: str) -> bool:
    return key not in DESCRIPTIVE_KEYS


def _mark(head: ReadNetwork, path: Path) -> Mark:
    document = head.loaded.document
    return document.key_mark(path) if path in document.key_marks else document.mark(path)


def _same_rows(base: ReadNetwork, head: ReadNetwork) -> bool:
    return len(base.loaded.spec.blocks) == len(head.loaded.spec.blocks)


def _worst_stage(base: Plan, head: Plan, stage_costs: Costs) -> str:
    before, after = stage_costs(base), stage_costs(head)
    return max(after, key=lambda stage: after[stage] - before.get(stage, 0))


def _stage_of(path: Path) -> str:
    match path:
        case ("blocks", int(index), *_):
            return f"stages.{index}"
        case (key, *_):
            return str(key)
    return ""

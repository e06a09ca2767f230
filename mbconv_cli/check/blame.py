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
    """The place where the two files differ; of several, the one whose change costs the most more.

    What comes from a file that the network extends is marked in that file.

    Args:
        base: the network as it was.
        head: as it is.
        stage_costs: a metric of each stage (`stem`, `stages.2`, ...) of a Plan.

    Returns:
        The place, or None if the files agree, or one of them is code.
    """
    if head.written is None or base.written is None:
        return None
    changed = list(changed_paths(base.loaded.document.data, head.loaded.document.data))
    if not changed:
        return None
    if stage_costs is None or len(base.loaded.spec.blocks) != len(head.loaded.spec.blocks):
        return _mark(head, changed[0])
    return _mark(head, _costliest(changed, stage_costs(base.plan), stage_costs(head.plan)))


def _costliest(changed: list[Path], before: Mapping[str, int], after: Mapping[str, int]) -> Path:
    """The change that costs the most more: what a stage costs more is due to the last change before its end.

    A wider row makes the one after it costlier, too, but not the one before it; what is no stage holds from the start.
    """
    paths: dict[str, Path] = {}
    for path in changed:
        paths.setdefault(stage if (stage := _stage_of(path)) in after else "", path)
    current, gained = next(iter(paths)), dict.fromkeys(paths, 0)
    current = "" if "" in paths else current
    for stage, cost in after.items():
        current = stage if stage in paths else current
        gained[current] += cost - before.get(stage, 0)
    return paths[max(gained, key=gained.__getitem__)]


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


def _stage_of(path: Path) -> str:
    match path:
        case ("blocks", int(index), *_):
            return f"stages.{index}"
        case (key, *_):
            return str(key)
    return ""

"""Names, blocks and stages of captured calls: all three are paths in the module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Final

from mbconv_cli.pytorch.capture.graph_calls import GraphCall

TOP: Final = "top"
"""The block of what the outermost module calls itself."""
_HOLDING_BLOCKS: Final = ("blocks", "layers", "block", "layer")


def call_names(calls: Sequence[GraphCall]) -> list[str]:
    """A name for every call: the module's path, with the function behind it where that module makes several calls.

    The second and later ones of a name are numbered: `layer1.0.relu#2`.
    """
    by_run = Counter(call.run for call in calls)
    containers = {parent for call in calls for parent in _parents(call.module)}
    taken: Counter[str] = Counter()
    names: list[str] = []
    for call in calls:
        alone = by_run[call.run] == 1 and call.module and call.module not in containers
        name = call.module if alone else ".".join(part for part in (call.module, call.target.strip("_")) if part)
        taken[name] += 1
        names.append(name if taken[name] == 1 else f"{name}#{taken[name]}")
    return names


def view_names(views: Sequence[GraphCall], taken: Sequence[str]) -> list[str]:
    """A name for every view: the module's path and the function, numbered where another call is named so.

    Args:
        views: in running order.
        taken: the names of all other calls.
    """
    names: dict[str, None] = dict.fromkeys(taken)
    for view in views:
        name = ".".join(part for part in (view.module, view.target.strip("_")) if part)
        numbered = (f"{name}#{number}" for number in count(2))
        names[name if name not in names else next(one for one in numbered if one not in names)] = None
    return list(names)[len(taken) :]


def block_of(name: str) -> str:
    """The block of an op: its path up to the number of a block within a stage, `layer1.0` or `stages.0.blocks.1`."""
    parts = _containers(name)
    numbers = [index for index, part in enumerate(parts) if part.isdigit()]
    if not numbers:
        return parts[0] if parts else TOP
    stage = len(stage_of(name).split("."))
    behind = [index for index in numbers if index >= stage]
    return ".".join(parts[: behind[0] + 1]) if behind else stage_of(name)


def stage_of(name: str) -> str:
    """The stage of an op: the first part of its path, with its number where blocks are numbered within it."""
    parts = _containers(name)
    if len(parts) >= 3 and parts[1].isdigit():
        nested = parts[3:4] if parts[2] in _HOLDING_BLOCKS else parts[2:3]
        if nested and nested[0].isdigit():
            return ".".join(parts[:2])
    return parts[0] if parts else TOP


def _containers(name: str) -> list[str]:
    """The parts of the path without the op itself; an op on top is its own container."""
    parts = name.partition("#")[0].split(".")
    return parts[:-1] or parts[:1]


def _parents(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]

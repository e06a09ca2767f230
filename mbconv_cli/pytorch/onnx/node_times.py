"""The nodes of every pass in onnxruntime's profile, with their times, and which op each belongs to."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from mbconv_cli.pytorch.onnx.onnx_names import op_of_name
from mbconv_cli.units import MICROSECONDS_PER_MILLISECOND

INSERTED: Final = "nodes that onnxruntime inserted"
BETWEEN: Final = "between the nodes"
# What a pass takes outside of every op, as two more columns behind the ops'.
OUTSIDE: Final = (INSERTED, BETWEEN)

# Nodes that move or convert data between two others, for the sake of those others' kernels.
LAYOUT_TYPES: Final = frozenset(
    {"ReorderInput", "ReorderOutput", "Transpose", "Cast", "MemcpyFromHost", "MemcpyToHost"}
)
_KERNEL: Final = "_kernel_time"
_WHOLE_RUN: Final = "model_run"


class Node(NamedTuple):
    """A node of the optimised graph in one pass; its time is in whole microseconds."""

    name: str
    type: str
    milliseconds: float


class _Event(NamedTuple):
    category: str
    name: str
    microseconds: int
    node_type: str | None


def read_profile(text: str) -> list[tuple[Node, ...]]:
    """The nodes of every whole pass, in the order of execution.

    An event is written when its work is done; so the event of a whole run follows those of its nodes. Nodes behind
    the last such event (the profile was cut off) are left out.

    Args:
        text: the JSON that `InferenceSession.end_profiling` wrote.
    """
    passes: list[tuple[Node, ...]] = []
    nodes: list[Node] = []
    for event in json.loads(text, object_hook=_slim):
        if event.category == "Node" and event.name.endswith(_KERNEL):
            time = event.microseconds / MICROSECONDS_PER_MILLISECOND
            nodes.append(Node(event.name.removesuffix(_KERNEL), event.node_type or "", time))
        elif event.name == _WHOLE_RUN:
            passes.append(tuple(nodes))
            nodes = []
    return passes


def op_times(nodes: Sequence[Node], owners: Sequence[int], columns: int, pass_ms: float) -> list[float]:
    """One pass as the times of the ops, of what was inserted, and of what is left, in ms; they add up to the pass.

    Args:
        nodes: of this pass.
        owners: the column of each node, see `columns_of`.
        columns: how many there are, those of `OUTSIDE` included.
        pass_ms: the whole pass, by the clock that times the plain passes too.
    """
    times = [0.0] * columns
    for node, owner in zip(nodes, owners, strict=True):
        times[owner] += node.milliseconds
    times[-1] = pass_ms - math.fsum(node.milliseconds for node in nodes)
    return times


def columns_of(nodes: Iterable[Node], ops: Mapping[str, int]) -> list[int]:
    """For each node of a pass the index of its op, or that of `INSERTED`, which is the first behind the ops.

    onnxruntime unfolds functions such as HardSwish into nodes without a name. Nodes run one after the other, so
    such a node belongs to the op of the node before it.

    Args:
        nodes: in the order of execution.
        ops: the Plan's ops, each with its index.
    """
    inserted = len(ops)
    columns: list[int] = []
    latest = inserted
    for node in nodes:
        op = op_of_name(node.name, ops)
        if op is not None:
            latest = ops[op]
        columns.append(inserted if op is None and node.type in LAYOUT_TYPES else latest)
    return columns


def _slim(found: dict[str, Any]) -> _Event | str | None:
    """An event without what is not needed, which is most of it; of its arguments only the node's type."""
    if "cat" in found:
        return _Event(found["cat"], found["name"], found["dur"], found.get("args"))
    node_type: str | None = found.get("op_name")
    return node_type

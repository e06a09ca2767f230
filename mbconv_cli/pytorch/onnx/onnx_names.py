"""An exported graph whose nodes and values are named after the Plan's ops, so that a profile of it can be read.

onnxruntime keeps the names of nodes that it leaves alone. What it fuses or replaces takes a name made from the
node's or from its output's. So both begin with the op, and a slash that no op's name contains ends it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

# What the exporter writes beside every node: the module paths around it, the outermost first, as a Python list.
SCOPES: Final = "pkg.torch.onnx.name_scopes"
_OF_AN_OP: Final = re.compile(r"([\w.]+)/")


def name_after_ops(graph: GraphProto, ops: Container[str]) -> None:
    """Rename the nodes and the values between them, in place, to `OP/NUMBER`.

    What belongs to no op keeps its name, and so do the graph's inputs, outputs and weights.

    Args:
        graph: as `torch.onnx.export` with `dynamo=True` gives it.
        ops: the paths of the modules that compute an op.
    """
    outputs = {output.name for output in graph.output}
    renamed: dict[str, str] = {}
    for number, node in enumerate(graph.node):
        op = _op_of_node(node, ops)
        if op is None:
            continue
        node.name = f"{op}/{number}"
        for place, value in enumerate(node.output):
            if value and value not in outputs:
                renamed[value] = f"{node.name}.{place}"
    for node in graph.node:
        _rename(node, renamed)
    for info in graph.value_info:
        info.name = renamed.get(info.name, info.name)


def op_of_name(name: str, ops: Container[str]) -> str | None:
    """The op that a node of the optimised graph was named after: `stem.norm` of `stem.norm/3.0_nchwc`."""
    found = _OF_AN_OP.search(name)
    return found[1] if found and found[1] in ops else None


def _op_of_node(node: NodeProto, ops: Container[str]) -> str | None:
    scopes = chain.from_iterable(_scopes(entry.value) for entry in node.metadata_props if entry.key == SCOPES)
    return next((scope for scope in reversed(list(scopes)) if scope in ops), None)


def _scopes(text: str) -> Iterator[str]:
    yield from ast.literal_eval(text)


def _rename(node: NodeProto, renamed: dict[str, str]) -> None:
    for values in (node.input, node.output):
        for place, value in enumerate(values):
            values[place] = renamed.get(value, value)

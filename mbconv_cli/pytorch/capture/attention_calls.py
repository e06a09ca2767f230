"""Attention whose heads share keys and values, with the views and copies around it: one op of the vocabulary.

What views and copies do is tried on numbered elements, so that no way of writing them needs to be known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from mbconv_cli.plan.op_kinds import MultiQueryAttention
from mbconv_cli.pytorch.capture.graph_calls import COPIES, CallGraph, GraphCall, Read


@dataclass(frozen=True, slots=True)
class FoundAttention:
    """Attention as it was found.

    Attributes:
        kind: the op.
        reads: feature maps of queries, keys and values.
        last: the call that gives the feature map that comes out.
        merged: the calls before it that are a part of it.
    """

    kind: MultiQueryAttention
    reads: tuple[Read, ...]
    last: int
    merged: frozenset[int]


def attentions(graph: CallGraph) -> Iterator[FoundAttention]:
    """All that a module computes."""
    readers: dict[int, list[int]] = {}
    for index, call in enumerate(graph.calls):
        for source in {read.source for read in call.reads.values() if isinstance(read.source, int)}:
            readers.setdefault(source, []).append(index)
    for index, call in enumerate(graph.calls):
        if call.target == "scaled_dot_product_attention" and _is_plain(call):
            found = _found(graph, readers, index)
            if found is not None:
                yield found


def _is_plain(call: GraphCall) -> bool:
    """Whether nothing is masked or scaled otherwise, and all heads have the same keys and values."""
    arguments = call.arguments
    settings = [arguments.get(name) for name in ("attn_mask", "scale")]
    shapes = [call.shape(name) for name in ("query", "key", "value")]
    shared = all(len(shape) == 4 for shape in shapes) and shapes[1][1] == shapes[2][1] == 1
    return shared and settings == [None, None] and not arguments.get("is_causal") and not arguments.get("dropout_p")


def _found(graph: CallGraph, readers: dict[int, list[int]], index: int) -> FoundAttention | None:
    call = graph.calls[index]
    _, heads, _, key_filters = call.shape("query")
    value_filters = call.shape("value")[-1]
    sources = [_feature_map(graph, readers, call.arguments[name]) for name in ("query", "key", "value")]
    if any(len(read.shape) != 4 for read, _ in sources):
        return None
    for (read, _), name in zip(sources, ("query", "key", "value"), strict=True):
        of_heads = heads if name == "query" else 1
        if read.shape[1] != of_heads * call.shape(name)[-1]:
            return None
        numbers = _numbered(read.shape)
        if not torch.equal(_replayed(call.arguments[name], read.node, numbers), _as_heads(numbers, of_heads)):
            return None
    images, _, *extents = sources[0][0].shape
    given = _numbered((images, heads, extents[0] * extents[1], value_filters))
    wanted = given.transpose(2, 3).reshape(images, heads * value_filters, *extents)
    behind = list(_copies_behind(graph, readers, index))
    for count, last in enumerate(behind, start=1):
        node = graph.calls[last].node
        if tuple(node.meta["val"].shape) == tuple(wanted.shape) and torch.equal(
            _replayed(node, call.node, given), wanted
        ):
            merged = frozenset({index, *behind[: count - 1], *(one for _, copies in sources for one in copies)})
            kind = MultiQueryAttention(heads, key_filters, value_filters)
            return FoundAttention(kind, tuple(read for read, _ in sources), last, merged)
    return None


def _as_heads(feature_map: Tensor, heads: int) -> Tensor:
    """`[N, heads x C, H, W]` to `[N, heads, H x W, C]`."""
    images, channels, height, width = feature_map.shape
    return feature_map.reshape(images, heads, channels // heads, height * width).transpose(2, 3)


def _feature_map(graph: CallGraph, readers: dict[int, list[int]], node: fx.Node) -> tuple[Read, list[int]]:
    """What a node is made of by views and copies that nobody else reads, and the copies."""
    copies: list[int] = []
    while True:
        source = graph.reads[node].source
        assert isinstance(source, int)
        if source < 0:
            node = graph.inputs[-1 - source]
            return graph.reads[node], copies
        call = graph.calls[source]
        if call.target not in COPIES or len(readers[source]) > 1:
            return Read(source, call.outputs[0], True, call.node), copies
        copies.append(source)
        node = call.values[0].node


def _copies_behind(graph: CallGraph, readers: dict[int, list[int]], index: int) -> Iterator[int]:
    """The copies of what a call gives, one after the other, as long as nobody else reads it."""
    while len(readers.get(index, ())) == 1 and graph.calls[readers[index][0]].target in COPIES:
        index = readers[index][0]
        yield index


def _numbered(shape: tuple[int, ...]) -> Tensor:
    return torch.arange(torch.Size(shape).numel()).reshape(shape)


def _replayed(node: Any, base: fx.Node, tensor: Tensor) -> Any:
    """What a node gives if another one, of which it is made, gives this tensor."""
    if node is base:
        return tensor
    arguments = fx.map_arg(node.args, lambda one: _replayed(one, base, tensor))
    return node.target(*arguments, **node.kwargs)

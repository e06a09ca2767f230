"""Copies that deal out the channels of groups, with the views around them: the vocabulary's channel shuffle.

ShuffleNet (Zhang et al., arXiv:1707.01083, section 3.1) splits the channels into groups, transposes and flattens them.
How that is written does not matter: a view is known by its sizes and strides alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, fx

from mbconv_cli.plan.op_kinds import ChannelShuffle
from mbconv_cli.pytorch.capture.graph_calls import COPIES, CallGraph, Read, Shape


@dataclass(frozen=True, slots=True)
class FoundShuffle:
    """A shuffle as it was found.

    Attributes:
        kind: the op.
        read: the feature map whose channels are shuffled.
        copy: the call that writes the one that comes out.
    """

    kind: ChannelShuffle
    read: Read
    copy: int


def shuffles(graph: CallGraph) -> Iterator[FoundShuffle]:
    """All that a module computes."""
    readers = _readers(graph)
    for index, call in enumerate(graph.calls):
        if call.target in COPIES and len(call.values) == 1 and not call.weights:
            found = _found(graph, index, readers.get(index, []))
            if found is not None:
                yield found


def _readers(graph: CallGraph) -> dict[int, list[Read]]:
    """All reads of what a call gives, the module's output among them."""
    found: dict[int, list[Read]] = {}
    reads = [read for call in graph.calls for read in call.reads.values()]
    for read in (*reads, *([graph.output] if graph.output else [])):
        if isinstance(read.source, int):
            found.setdefault(read.source, []).append(read)
    return found


def _found(graph: CallGraph, index: int, readers: list[Read]) -> FoundShuffle | None:
    copy = graph.calls[index]
    source = copy.values[0].source
    assert isinstance(source, int)
    node = graph.calls[source].node if source >= 0 else graph.inputs[-1 - source]
    whole: Any = node.meta["val"]
    if not isinstance(whole, Tensor) or whole.dim() != 4:
        return None
    groups = _dealt_groups(whole, copy.values[0].node.meta["val"])
    shape: Shape = tuple(map(int, whole.shape))
    if groups is None or not readers or not all(_sees_whole(graph, index, one, shape) for one in readers):
        return None
    return FoundShuffle(ChannelShuffle(groups), Read(source, shape, True, node), index)


def _dealt_groups(whole: Tensor, view: Tensor) -> int | None:
    """G where a view is `[N, C / G, G, H, W]` of the feature map `[N, C, H, W]`, the groups innermost; else None."""
    if view.dim() != 5:
        return None
    images, channels, height, width = whole.shape
    groups = view.shape[2]
    _, of_channel, *of_pixel = whole.stride()
    sizes = (images, channels // groups, groups, height, width)
    strides = (whole.stride(0), of_channel, channels // groups * of_channel, *of_pixel)
    same_place = int(view.storage_offset()) == int(whole.storage_offset())
    alike = tuple(view.shape) == sizes and _moves(sizes, view.stride()) == _moves(sizes, strides)
    return groups if alike and same_place and 1 < groups < channels else None


def _sees_whole(graph: CallGraph, index: int, read: Read, shape: Shape) -> bool:
    """Whether what a copy wrote is read as a feature map, in the order in which it was written."""
    written: Tensor = graph.calls[index].node.meta["val"]
    seen = _seen(graph, index, read.node)
    _, channels, height, width = shape
    strides = (channels * height * width, height * width, width, 1)
    in_order = written.is_contiguous() and int(written.storage_offset()) == int(seen.storage_offset())
    return tuple(seen.shape) == shape and in_order and _moves(shape, seen.stride()) == _moves(shape, strides)


def _seen(graph: CallGraph, index: int, node: fx.Node) -> Tensor:
    """The first feature map on the way from a copy to what is read of it, both included; the copy if there is none."""
    path = [node]
    while path[-1] is not graph.calls[index].node:
        inputs = [graph.reads[one] for one in path[-1].all_input_nodes if one in graph.reads]
        path.append(next(one.node for one in inputs if one.source == index))
    values = [one.meta["val"] for one in reversed(path)]
    return next((one for one in values if isinstance(one, Tensor) and one.dim() == 4), values[0])


def _moves(sizes: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """The strides that are ever taken: not those of a single element."""
    return tuple(stride for size, stride in zip(sizes, strides, strict=True) if size > 1)

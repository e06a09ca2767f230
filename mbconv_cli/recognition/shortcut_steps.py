"""Reading a block's shortcut from ops: the sum of its result and its input, or none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mbconv_cli.plan.op_kinds import Add, AvgPool
from mbconv_cli.recognition.convolution_steps import NO_ACTIVATION, ONE, convolutions, paddings_of
from mbconv_cli.recognition.found_block import Choices, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor

_SUMS: Final = frozenset({"identity", "projection", "strided_projection", "pooled_projection"})


def shortcuts(start: Cursor, end: Cursor, stride: tuple[int, int]) -> Iterator[tuple[Choices, Cursor]]:
    """The sums of a block's result and its input, plain or projected, and none."""
    x, y = start.value.shape, end.value.shape
    if x == y:
        yield {"shortcut": one("none")}, end
        for behind in end.joined(Add, start):
            yield {"shortcut": _SUMS}, behind
        return
    same_extent = x[1:] == y[1:]
    yield {"shortcut": frozenset({"none", "identity"} | (set() if same_extent else {"projection"}))}, end
    for choices, projected in _projections(start, stride, same_extent=same_extent):
        for behind in end.joined(Add, projected):
            yield choices, behind


def _projections(start: Cursor, stride: tuple[int, int], *, same_extent: bool) -> Iterator[tuple[Choices, Cursor]]:
    for step, behind in convolutions(start, norm=None):
        if step.conv.kernel_size != ONE or step.conv.groups != 1 or step.activation != NO_ACTIVATION:
            continue
        words = {"strided_projection"}
        if same_extent:
            words.add("projection")
        if stride == ONE:
            words.add("pooled_projection")
        if step.conv.stride == stride:
            choices = {"shortcut": frozenset(words), "shortcut_norm": one(step.norm)}
            if found := all_of((choices, of_convolutions(step))):
                yield found, behind
    for op, pooled in start.then(AvgPool):
        assert isinstance(op.kind, AvgPool)
        if stride == ONE or op.kind.kernel_size != stride or op.kind.stride != stride or "same" not in paddings_of(op):
            continue
        for step, behind in convolutions(pooled, norm=None):
            if step.is_pointwise and step.conv.groups == 1 and step.activation == NO_ACTIVATION:
                choices = {"shortcut": one("pooled_projection"), "shortcut_norm": one(step.norm)}
                if found := all_of((choices, of_convolutions(step))):
                    yield found, behind

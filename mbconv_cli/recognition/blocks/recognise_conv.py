"""One convolution with norm and activation, or one pooling, as a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mbconv_cli.plan.op_kinds import AvgPool, BlurPool, Kind, MaxPool
from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import anti_aliasing_of, convolutions, paddings_of
from mbconv_cli.recognition.found_block import FoundBlock, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.shortcut_steps import shortcuts

_POOLINGS: Final[dict[type[Kind], str]] = {MaxPool: "maximum", AvgPool: "average", BlurPool: "blur"}


def convs(start: Cursor) -> Iterator[FoundBlock]:
    """The convolutions that read the value here."""
    for step, behind in convolutions(start, norm=None, anti_aliased=True):
        conv = step.conv
        groups = {conv.groups} | ({"depthwise"} if conv.groups == conv.in_channels else set())
        for shortcut, end in shortcuts(start, behind, conv.stride):
            keys = {
                "kernel_size": one(conv.kernel_size),
                "groups": frozenset(groups),
                "norm": one(step.norm),
                "activation": one(step.activation),
                **anti_aliasing_of(step),
            }
            found = all_of((keys, of_convolutions(step), shortcut))
            if found is not None:
                widths = Widths(conv.in_channels, conv.in_channels, conv.out_channels)
                yield FoundBlock("conv", found, conv.stride, widths, start.value, end, cost=1.2)


def pools(start: Cursor) -> Iterator[FoundBlock]:
    """The poolings that read the value here."""
    for op, end in start.then(MaxPool, AvgPool, BlurPool):
        assert isinstance(op.kind, MaxPool | AvgPool | BlurPool)
        if isinstance(op.kind, BlurPool) and op.kind.border != "reflected":
            continue
        keys = {
            "pooling": one(_POOLINGS[type(op.kind)]),
            "kernel_size": one(op.kind.kernel_size),
            "padding": paddings_of(op),
        }
        channels = start.value.channels
        if keys["padding"]:
            yield FoundBlock("pool", keys, op.kind.stride, Widths(channels, channels, channels), start.value, end)

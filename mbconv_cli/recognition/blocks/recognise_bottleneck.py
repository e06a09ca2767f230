"""Bottleneck: 1x1 reduce, full convolution, squeeze-and-excitation, 1x1 expand, shortcut, activation."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import (
    NO_ACTIVATION,
    activations,
    anti_aliasing_of,
    convolutions,
    pointwise,
)
from mbconv_cli.recognition.found_block import FoundBlock, activation_of, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.shortcut_steps import shortcuts
from mbconv_cli.recognition.squeeze_steps import squeezes


def bottlenecks(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for narrow, narrowed in pointwise(start):
        for middle, spatial in convolutions(narrowed, anti_aliased=True):
            conv = middle.conv
            if narrow.conv.groups > 1 or conv.in_channels != conv.out_channels:
                continue
            for before, squeezed in squeezes(spatial, "depthwise"):
                for widen, widened in pointwise(squeezed):
                    if widen.activation != NO_ACTIVATION or widen.conv.groups > 1:
                        continue
                    for after, whole in ((before, widened),) if before else squeezes(widened, "project"):
                        for shortcut, summed in shortcuts(start, whole, conv.stride):
                            for last, end in activations(summed):
                                keys = {
                                    "kernel_size": one(conv.kernel_size),
                                    "bottleneck_filters": one(conv.in_channels),
                                    "groups": one(conv.groups),
                                    **anti_aliasing_of(middle),
                                }
                                active = activation_of(narrow.activation, middle.activation, last)
                                found = all_of((keys, active, of_convolutions(narrow, middle, widen), shortcut))
                                if found is not None:
                                    widths = Widths(start.value.channels, conv.in_channels, widen.conv.out_channels)
                                    cost = 1.1 if conv.groups < conv.in_channels else 1.6
                                    yield FoundBlock(
                                        "bottleneck", found, conv.stride, widths, start.value, end, after, cost=cost
                                    )

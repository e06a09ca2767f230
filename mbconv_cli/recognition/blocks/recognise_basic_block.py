"""Basic block: two full convolutions, squeeze-and-excitation, shortcut, activation."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import NO_ACTIVATION, ONE, activations, anti_aliasing_of, convolutions
from mbconv_cli.recognition.found_block import FoundBlock, activation_of, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.shortcut_steps import shortcuts
from mbconv_cli.recognition.squeeze_steps import squeezes


def basic_blocks(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for first, between in convolutions(start, anti_aliased=True):
        for second, convolved in convolutions(between):
            conv = second.conv
            alike = (first.conv.kernel_size, 1, 1, first.conv.out_channels, ONE, NO_ACTIVATION) == (
                conv.kernel_size, first.conv.groups, conv.groups, conv.out_channels, conv.stride, second.activation
            )  # fmt: skip
            if not alike:
                continue
            for squeeze, whole in squeezes(convolved, "depthwise", "project"):
                for shortcut, summed in shortcuts(start, whole, first.conv.stride):
                    for last, end in activations(summed):
                        active = activation_of(first.activation, last)
                        keys = {"kernel_size": one(conv.kernel_size), **anti_aliasing_of(first)}
                        found = all_of((keys, active, of_convolutions(first, second), shortcut))
                        if found is not None:
                            widths = Widths(start.value.channels, conv.out_channels, conv.out_channels)
                            cost = 2.6 if "none" in shortcut["shortcut"] else 1.6  # two rows of `conv` are plainer
                            yield FoundBlock(
                                "basic_block", found, first.conv.stride, widths, start.value, end, squeeze, cost=cost
                            )

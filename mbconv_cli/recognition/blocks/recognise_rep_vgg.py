"""RepVGG's block in its trained form: full convolutions, a 1x1 and perhaps the input, each with norm, summed."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.branch_steps import branch_sums
from mbconv_cli.recognition.convolution_steps import activations
from mbconv_cli.recognition.found_block import FoundBlock, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.squeeze_steps import squeezes


def rep_vggs(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for branches, summed in branch_sums(start):
        if branches.is_one_convolution:
            continue
        conv = branches.conv
        for squeeze, squeezed in squeezes(summed, "depthwise", "project"):
            for activation, end in activations(squeezed):
                keys = {
                    "kernel_size": one(conv.kernel_size),
                    "branches": one(branches.full),
                    "groups": one(conv.groups),
                    "activation": one(activation),
                }
                found = all_of((keys, branches.choices, of_convolutions(*branches.steps)))
                if found is not None:
                    widths = Widths(start.value.channels, conv.out_channels, conv.out_channels)
                    yield FoundBlock("rep_vgg", found, conv.stride, widths, start.value, end, squeeze)

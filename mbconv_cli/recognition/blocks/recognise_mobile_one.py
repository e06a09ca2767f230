"""MobileOne's block in its trained form: a sum of depthwise convolutions, then a sum of 1x1 convolutions."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.branch_steps import BranchSum, branch_sums
from mbconv_cli.recognition.convolution_steps import ONE, activations
from mbconv_cli.recognition.found_block import FoundBlock, activation_of, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.squeeze_steps import Squeeze, squeezes


def mobile_ones(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for depthwise, between, first, spatial in _halves(start):
        conv = depthwise.conv
        if depthwise.is_one_convolution or not conv.groups == conv.in_channels == conv.out_channels:
            continue
        for point, after, second, end in _halves(spatial):
            is_point = (point.conv.kernel_size, point.conv.stride, point.conv.groups) == (ONE, ONE, 1)
            if not is_point or point.full != depthwise.full or (first is None) != (second is None):
                continue
            keys = {"kernel_size": one(conv.kernel_size), "branches": one(point.full)}
            steps = (*depthwise.steps, *point.steps)
            active = activation_of(between, after)
            found = all_of((keys, depthwise.choices, point.choices, active, of_convolutions(*steps)))
            if found is not None:
                widths = Widths(conv.in_channels, point.conv.out_channels, point.conv.out_channels)
                yield FoundBlock("mobile_one", found, conv.stride, widths, start.value, end, second)


def _halves(start: Cursor) -> Iterator[tuple[BranchSum, str, Squeeze | None, Cursor]]:
    """The sums that read the value here, each with its activation and squeeze-and-excitation."""
    for branches, summed in branch_sums(start):
        for squeeze, squeezed in squeezes(summed, "depthwise", "project"):
            for activation, end in activations(squeezed):
                yield branches, activation, squeeze, end

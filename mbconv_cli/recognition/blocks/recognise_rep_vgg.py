"""RepVGG's block in its trained form: a full convolution, a 1x1 and perhaps the input, each with norm, summed."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.op_kinds import Add, BatchNorm, GroupNorm
from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import (
    NO_ACTIVATION,
    ONE,
    ConvolutionStep,
    activations,
    convolutions,
)
from mbconv_cli.recognition.found_block import FoundBlock, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor


def rep_vggs(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    branches = [(step, end) for step, end in convolutions(start) if step.activation == NO_ACTIVATION]
    for full, of_full in branches:
        for point, of_point in branches:
            if point is full or not _is_beside(full, point):
                continue
            for summed in of_full.joined(Add, of_point):
                for shortcut, whole in _sums(start, summed):
                    for activation, end in activations(whole):
                        keys = {
                            "kernel_size": one(full.conv.kernel_size),
                            "groups": one(full.conv.groups),
                            "activation": one(activation),
                            **({"shortcut": one(shortcut)} if start.value.shape == end.value.shape else {}),
                        }
                        found = all_of((keys, of_convolutions(full, point)))
                        if found is not None:
                            channels = start.value.channels
                            widths = Widths(channels, channels, full.conv.out_channels)
                            yield FoundBlock("rep_vgg", found, full.conv.stride, widths, start.value, end)


def _is_beside(full: ConvolutionStep, point: ConvolutionStep) -> bool:
    alike = (full.conv.stride, full.conv.groups) == (point.conv.stride, point.conv.groups)
    return alike and point.conv.kernel_size == ONE


def _sums(start: Cursor, summed: Cursor) -> Iterator[tuple[str, Cursor]]:
    """The sum with the input behind a norm, and none."""
    yield "none", summed
    for _, normed in start.then(BatchNorm, GroupNorm):
        for whole in summed.joined(Add, normed):
            yield "identity", whole

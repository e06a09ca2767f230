"""Mobile attention: norm, queries, keys and values by 1x1 convolutions, attention, a 1x1 convolution, shortcut."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.op_kinds import Add, BatchNorm, GroupNorm, MultiQueryAttention
from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import (
    NO_ACTIVATION,
    ONE,
    ConvolutionStep,
    channel_scales,
    convolutions,
    pointwise,
)
from mbconv_cli.recognition.found_block import Choices, FoundBlock, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor


def mobile_attentions(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for _, normed in start.then(BatchNorm, GroupNorm):
        branches = list(_projections(normed))
        for query, queries in _dense(normed):
            for reduction, key, keys in branches:
                for other_reduction, value, values in branches:
                    for attended in queries.joined(MultiQueryAttention, keys, values):
                        for output, projected in _dense(attended):
                            steps = (query, key, value, output)
                            found = all_of((reduction, other_reduction, _keys(attended), of_convolutions(*steps)))
                            if found is not None and output.conv.out_channels == start.value.channels:
                                yield from _finished(start, projected, found)


def _finished(start: Cursor, projected: Cursor, found: Choices) -> Iterator[FoundBlock]:
    """The blocks whose path is whole: with a factor for each channel or not, with the sum or not."""
    channels = start.value.channels
    for scale, scaled in channel_scales(projected):
        ends = [("none", scaled), *(("identity", behind) for behind in scaled.joined(Add, start))]
        for shortcut, end in ends:
            keys = {**found, **scale, "shortcut": one(shortcut)}
            widths = Widths(channels, channels, channels)
            yield FoundBlock("mobile_attention", keys, ONE, widths, start.value, end)


def _dense(cursor: Cursor) -> Iterator[tuple[ConvolutionStep, Cursor]]:
    """The 1x1 convolutions without norm and activation."""
    for step, behind in pointwise(cursor, norm=False):
        if step.activation == NO_ACTIVATION and step.conv.groups == 1:
            yield step, behind


def _projections(normed: Cursor) -> Iterator[tuple[Choices, ConvolutionStep, Cursor]]:
    """The ways to keys or values, each with what it says about the pixels that are left."""
    for step, behind in _dense(normed):
        yield {"reduction": one(ONE)}, step, behind
    for reduce, reduced in convolutions(normed):
        conv = reduce.conv
        is_depthwise = conv.groups == conv.in_channels == conv.out_channels and conv.dilation == ONE
        if is_depthwise and conv.stride != ONE and reduce.activation == NO_ACTIVATION:
            keys: Choices = {
                "reduction": one(conv.stride),
                "kernel_size": one(conv.kernel_size),
                "padding": reduce.paddings,
                "bias": one(conv.bias),
            }
            yield from ((keys, step, behind) for step, behind in _dense(reduced))


def _keys(attended: Cursor) -> Choices:
    kind = attended.graph.ops[attended.graph.places[attended.value.name]].kind
    assert isinstance(kind, MultiQueryAttention)
    return {
        "heads": one(kind.heads),
        "key_filters": one(kind.key_filters),
        "value_filters": one(kind.value_filters),
    }

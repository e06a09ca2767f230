"""Fused-MBConv: a full convolution that expands, squeeze-and-excitation, 1x1 project, shortcut."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import NO_ACTIVATION, ONE, ConvolutionStep, anti_aliasing_of, convolutions
from mbconv_cli.recognition.found_block import Choices, FoundBlock, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.shortcut_steps import shortcuts
from mbconv_cli.recognition.squeeze_steps import Squeeze, squeezes


def fused_mbconvs(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here, of one convolution or of two."""
    for first, spatial in convolutions(start, anti_aliased=True):
        for before, squeezed in squeezes(spatial, "depthwise"):
            yield from _of_two(start, first, before, squeezed)
        for after, whole in squeezes(spatial, "depthwise", "project"):
            yield from _of_one(start, first, after, whole)


def _of_one(start: Cursor, conv: ConvolutionStep, squeeze: Squeeze | None, whole: Cursor) -> Iterator[FoundBlock]:
    channels = start.value.channels
    for shortcut, end in shortcuts(start, whole, conv.conv.stride):
        found = all_of((_keys(conv, conv), {"unit_expansion": one(False)}, of_convolutions(conv), shortcut))
        if found is not None:
            widths = Widths(channels, channels, conv.conv.out_channels)
            full = conv.conv.groups < channels or channels == 1
            cost = 1.0 if full and ("none" not in shortcut["shortcut"] or squeeze) else 1.5
            yield FoundBlock("fused_mbconv", found, conv.conv.stride, widths, start.value, end, squeeze, True, cost)


def _of_two(start: Cursor, first: ConvolutionStep, before: Squeeze | None, squeezed: Cursor) -> Iterator[FoundBlock]:
    for project, projected in convolutions(squeezed, anti_aliased=True):
        conv = project.conv
        if conv.kernel_size != ONE or conv.groups != 1 or project.activation != NO_ACTIVATION:
            continue
        stride, stride_at = _stride(first, project)
        for after, whole in ((before, projected),) if before else squeezes(projected, "project"):
            for shortcut, end in shortcuts(start, whole, stride or ONE):
                unit = {"unit_expansion": one(True)} if conv.in_channels == start.value.channels else {}
                found = all_of((_keys(first, project), stride_at, unit, of_convolutions(first, project), shortcut))
                if found is not None and stride:
                    widths = Widths(start.value.channels, conv.in_channels, conv.out_channels)
                    cost = 1.0 if first.conv.kernel_size != ONE else 1.2
                    yield FoundBlock("fused_mbconv", found, stride, widths, start.value, end, after, True, cost)


def _keys(first: ConvolutionStep, last: ConvolutionStep) -> Choices:
    groups, width = first.conv.groups, first.conv.out_channels
    return {
        **anti_aliasing_of(first, last),
        "kernel_size": one(first.conv.kernel_size),
        "unit_kernel_size": one(None),
        "activation": one(first.activation),
        "group_size": frozenset({None, width} if groups == 1 else {width // groups}),
    }


def _stride(first: ConvolutionStep, project: ConvolutionStep) -> tuple[tuple[int, int] | None, Choices]:
    """The block's stride, and which convolution has it; no stride where both have one."""
    if project.conv.stride == ONE:
        return first.conv.stride, ({"stride_at": one("expand")} if first.conv.stride != ONE else {})
    return (project.conv.stride, {"stride_at": one("project")}) if first.conv.stride == ONE else (None, {})

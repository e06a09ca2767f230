"""Universal inverted bottleneck: depthwise or not, 1x1 expand, depthwise or not, 1x1 project, shortcut."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import (
    NO_ACTIVATION,
    ONE,
    ConvolutionStep,
    anti_aliasing_of,
    channel_scales,
    convolutions,
    pointwise,
)
from mbconv_cli.recognition.found_block import Choices, FoundBlock, activation_of, all_of, both, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.shortcut_steps import shortcuts
from mbconv_cli.recognition.squeeze_steps import Squeeze, squeezes


def universal_inverted_bottlenecks(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for first, before in _optional_depthwise(start):
        if first and first.activation != NO_ACTIVATION:
            continue
        for expand, expanded in pointwise(before):
            for middle, spatial in _optional_depthwise(expanded):
                stride = _stride(first, middle)
                for project, squeeze, projected in _projections(spatial):
                    if expand.conv.groups > 1:
                        continue
                    for ending, end in _endings(start, projected, stride or ONE):
                        steps = [step for step in (first, expand, middle, project) if step]
                        active = [expand.activation, *([middle.activation] if middle else [])]
                        keys = {"start_kernel_size": _kernel(first), "middle_kernel_size": _kernel(middle)}
                        settings = (anti_aliasing_of(*steps), of_convolutions(*steps))
                        found = all_of((keys, *settings, activation_of(*active), ending))
                        if found is not None and stride:
                            widths = Widths(start.value.channels, project.conv.in_channels, project.conv.out_channels)
                            yield FoundBlock(
                                "universal_inverted_bottleneck", found, stride, widths, start.value, end, squeeze,
                                expands=True, cost=1.02,
                            )  # fmt: skip


def _projections(spatial: Cursor) -> Iterator[tuple[ConvolutionStep, Squeeze | None, Cursor]]:
    """The 1x1 convolutions without activation, with squeeze-and-excitation before or after them, and without."""
    for before, squeezed in squeezes(spatial, "depthwise"):
        for project, projected in pointwise(squeezed):
            if project.conv.groups == 1 and project.activation == NO_ACTIVATION:
                ends = ((before, projected),) if before else squeezes(projected, "project")
                yield from ((project, squeeze, end) for squeeze, end in ends)


def _endings(start: Cursor, projected: Cursor, stride: tuple[int, int]) -> Iterator[tuple[Choices | None, Cursor]]:
    """With a factor for each channel and without, each with its shortcuts."""
    for scale, scaled in channel_scales(projected):
        yield from ((both(scale, shortcut), end) for shortcut, end in shortcuts(start, scaled, stride))


def _optional_depthwise(cursor: Cursor) -> Iterator[tuple[ConvolutionStep | None, Cursor]]:
    """The depthwise convolutions that read the value here, and none."""
    yield None, cursor
    for step, behind in convolutions(cursor, anti_aliased=True):
        if step.conv.groups == step.conv.in_channels == step.conv.out_channels:
            yield step, behind


def _kernel(step: ConvolutionStep | None) -> frozenset[tuple[int, int] | None]:
    return one(step.conv.kernel_size if step else None)


def _stride(first: ConvolutionStep | None, middle: ConvolutionStep | None) -> tuple[int, int] | None:
    """The block's stride, which is the last depthwise convolution's; none where another has one, too."""
    if first and middle and first.conv.stride != ONE:
        return None
    last = middle or first
    return last.conv.stride if last else ONE

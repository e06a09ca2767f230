"""Depthwise separable convolution: depthwise, squeeze-and-excitation, 1x1, shortcut."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import (
    NO_ACTIVATION,
    ConvolutionStep,
    DepthwiseStage,
    depthwise_stages,
    pointwise,
    routings,
)
from mbconv_cli.recognition.found_block import Choices, FoundBlock, all_of, of_convolutions, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.shortcut_steps import shortcuts
from mbconv_cli.recognition.squeeze_steps import squeezes


def depthwise_separables(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for experts, routing in routings(start):
        for norm_between in (True, False):
            yield from _of_experts(start, experts, routing, norm_between=norm_between)


def _of_experts(
    start: Cursor, experts: int | None, routing: Cursor | None, *, norm_between: bool
) -> Iterator[FoundBlock]:
    """Those whose convolutions have one kernel, or both of them so many experts."""
    keys: Choices = {"norm_between": one(norm_between), "experts": one(experts)}
    for depthwise, spatial in depthwise_stages(start, norm=norm_between, routing=routing):
        for before, squeezed in squeezes(spatial, "depthwise"):
            for project, projected in pointwise(squeezed, routing=routing):
                for after, whole in ((before, projected),) if before else squeezes(projected, "project"):
                    for shortcut, end in shortcuts(start, whole, depthwise.stride):
                        found = all_of(
                            (
                                depthwise.choices,
                                {**keys, "project_groups": one(project.conv.groups)},
                                of_convolutions(depthwise, project),
                                _activations(depthwise, project),
                                shortcut,
                            )
                        )
                        if found is not None and project.conv.groups <= 64:
                            channels = start.value.channels
                            widths = Widths(channels, channels, project.conv.out_channels)
                            cost = 1.05 if depthwise.steps[0].conv.groups > 1 else 2.6
                            yield FoundBlock(
                                "depthwise_separable", found, depthwise.stride, widths, start.value, end, after,
                                cost=cost,
                            )  # fmt: skip


def _activations(depthwise: DepthwiseStage, project: ConvolutionStep) -> Choices | None:
    """One activation, after the depthwise convolution, after the 1x1, at both or at neither."""
    between, after = depthwise.activation, project.activation
    words = {between, after} - {NO_ACTIVATION}
    if len(words) > 1:
        return None
    if not words:
        return {"activation_between": one(False), "activation_after": one(False)}
    return {
        "activation": frozenset(words),
        "activation_between": one(between != NO_ACTIVATION),
        "activation_after": one(after != NO_ACTIVATION),
    }

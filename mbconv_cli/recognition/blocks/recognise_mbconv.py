"""MBConv: 1x1 expand, depthwise, squeeze-and-excitation, 1x1 project, shortcut."""

from __future__ import annotations

from collections.abc import Iterator

from mbconv_cli.plan.op_kinds import ChannelShuffle
from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import (
    NO_ACTIVATION,
    ConvolutionStep,
    depthwise_stages,
    pointwise,
    routings,
)
from mbconv_cli.recognition.found_block import (
    FREE,
    Choices,
    FoundBlock,
    activation_of,
    all_of,
    of_convolutions,
    one,
)
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.shortcut_steps import shortcuts
from mbconv_cli.recognition.squeeze_steps import squeezes


def mbconvs(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for experts, routing in routings(start):
        yield from _of_experts(start, experts, routing)


def _of_experts(start: Cursor, experts: int | None, routing: Cursor | None) -> Iterator[FoundBlock]:
    """Those whose convolutions have one kernel, or all of them so many experts."""
    for expand, expansion, expanded in _expansions(start, routing):
        for depthwise, spatial in depthwise_stages(expanded, routing=routing):
            for before, squeezed in squeezes(spatial, "depthwise"):
                for project, projected in pointwise(squeezed, routing=routing):
                    if project.activation != NO_ACTIVATION:
                        continue
                    for after, whole in ((before, projected),) if before else squeezes(projected, "project"):
                        for shortcut, end in shortcuts(start, whole, depthwise.stride):
                            steps = (depthwise, project, *((expand,) if expand else ()))
                            active = [depthwise.activation, *((expand.activation,) if expand else ())]
                            found = all_of(
                                (
                                    depthwise.choices,
                                    expansion,
                                    {"project_groups": one(project.conv.groups), "experts": one(experts)},
                                    of_convolutions(*steps),
                                    activation_of(*active),
                                    shortcut,
                                )
                            )
                            if found is not None and project.conv.groups <= 64:
                                widths = Widths(
                                    start.value.channels, project.conv.in_channels, project.conv.out_channels
                                )
                                cost = 1.0 if depthwise.steps[0].conv.groups > 1 else 2.5
                                yield FoundBlock(
                                    "mbconv", found, depthwise.stride, widths, start.value, end, after, True, cost
                                )


def _expansions(start: Cursor, routing: Cursor | None) -> Iterator[tuple[ConvolutionStep | None, Choices, Cursor]]:
    """The 1x1 expansions that read the value here, and none."""
    yield None, {"unit_expansion": one(False)}, start
    for expand, behind in pointwise(start, routing=routing):
        conv = expand.conv
        if conv.groups > 64:
            continue
        choices: Choices = {"expand_groups": one(conv.groups)}
        if conv.in_channels == conv.out_channels:
            choices = {**choices, "unit_expansion": one(True)}
        plain: Choices = {"channel_shuffle": one(False)} if conv.groups > 1 else FREE
        yield expand, {**choices, **plain}, behind
        for op, shuffled in behind.then(ChannelShuffle):
            if op.kind == ChannelShuffle(conv.groups) and conv.groups > 1:
                yield expand, {**choices, "channel_shuffle": one(True)}, shuffled

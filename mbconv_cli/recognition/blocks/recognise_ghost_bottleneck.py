"""Ghost bottleneck: a ghost module, perhaps a strided depthwise convolution, SE, a ghost module, shortcut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mbconv_cli.plan.op_kinds import Add, ChannelSlice, Concat
from mbconv_cli.plan.parts import Widths
from mbconv_cli.recognition.convolution_steps import (
    NO_ACTIVATION,
    ONE,
    ConvolutionStep,
    convolutions,
    pointwise,
)
from mbconv_cli.recognition.found_block import Choices, FoundBlock, all_of, one
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.recognition.squeeze_steps import squeezes

_MOST_GHOSTS = 8


def ghost_bottlenecks(start: Cursor) -> Iterator[FoundBlock]:
    """The blocks that begin here."""
    for activation, expansion, expanded in _ghost_modules(start):
        for stride, depthwise, spatial in _depthwise(expanded):
            for before, squeezed in squeezes(spatial, "depthwise"):
                for none, projection, projected in _ghost_modules(squeezed):
                    if none != NO_ACTIVATION:
                        continue
                    for after, whole in ((before, projected),) if before else squeezes(projected, "project"):
                        for shortcut, end in _shortcuts(start, whole, stride):
                            keys: Choices = {"activation": one(activation)}
                            found = all_of((keys, expansion, depthwise, projection, shortcut))
                            if found is not None:
                                widths = Widths(start.value.channels, expanded.value.channels, projected.value.channels)
                                yield FoundBlock(
                                    "ghost_bottleneck", found, stride, widths, start.value, end, after, expands=True
                                )


def _ghost_modules(cursor: Cursor) -> Iterator[tuple[str, Choices, Cursor]]:
    """The ghost modules that read the value here, each with its activation."""
    for primary, made in pointwise(cursor):
        for ghost, ghosts in convolutions(made):
            conv, filters = ghost.conv, primary.conv.out_channels
            ratio = 1 + conv.out_channels // filters
            fits = conv.groups == filters and conv.out_channels == filters * (ratio - 1) and ratio <= _MOST_GHOSTS
            if primary.conv.groups > 1 or not fits or (conv.stride, conv.dilation) != (ONE, ONE):
                continue
            if ghost.activation != primary.activation:
                continue
            keys = all_of(
                (
                    {"ghost_ratio": one(ratio), "ghost_kernel_size": one(conv.kernel_size)},
                    _settings(primary),
                    _settings(ghost),
                )
            )
            if keys is not None:
                for joined in made.joined(Concat, ghosts):
                    yield from ((primary.activation, keys, end) for end in _cut(joined, filters, ratio))


def _settings(step: ConvolutionStep) -> Choices:
    return {"padding": step.paddings, "bias": one(step.conv.bias)}


def _cut(joined: Cursor, primary: int, ratio: int) -> Iterator[Cursor]:
    """All channels, or the first ones where the ratio has given a few too many."""
    yield joined
    for op, behind in joined.then(ChannelSlice):
        channels = behind.value.channels
        if op.kind == ChannelSlice(0, channels) and -(-channels // ratio) == primary:
            yield behind


def _depthwise(cursor: Cursor) -> Iterator[tuple[tuple[int, int], Choices, Cursor]]:
    """The strided depthwise convolutions that read the value here, and none."""
    yield ONE, {}, cursor
    for step, behind in convolutions(cursor):
        if step.conv.stride != ONE and step.activation == NO_ACTIVATION and _is_depthwise(step):
            yield step.conv.stride, _spatial(step), behind


def _is_depthwise(step: ConvolutionStep) -> bool:
    return step.conv.groups == step.conv.in_channels == step.conv.out_channels


def _spatial(step: ConvolutionStep) -> Choices:
    keys: dict[str, frozenset[Any]] = {**_settings(step), "kernel_size": one(step.conv.kernel_size)}
    return {**keys, "dilation": step.dilations} if step.dilations else keys


def _shortcuts(start: Cursor, end: Cursor, stride: tuple[int, int]) -> Iterator[tuple[Choices, Cursor]]:
    """The sums of a block's result and its input, plain or by way of two convolutions, and none."""
    if start.value.shape == end.value.shape:
        yield {"shortcut": one("none")}, end
        yield from (({"shortcut": _SUMS}, behind) for behind in end.joined(Add, start))
        return
    yield {"shortcut": frozenset({"none", "identity"})}, end
    for norm in (True, False):
        for depthwise, spatial in convolutions(start, norm=norm):
            for project, projected in pointwise(spatial, norm=norm):
                plain = {depthwise.activation, project.activation} == {NO_ACTIVATION} and project.conv.groups == 1
                if not plain or depthwise.conv.stride != stride or not _is_depthwise(depthwise):
                    continue
                keys: Choices = {"shortcut": one("strided_projection"), "shortcut_norm": one(norm)}
                found = all_of((keys, _spatial(depthwise), _settings(project)))
                if found is not None:
                    yield from ((found, behind) for behind in end.joined(Add, projected))


_SUMS = frozenset({"identity", "strided_projection"})

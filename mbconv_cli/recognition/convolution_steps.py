"""Reading a convolution with its norm and its activation, and a depthwise stage, from ops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

from mbconv_cli.plan.op_kinds import (
    Activation,
    AvgPool,
    BatchNorm,
    BlurPool,
    ChannelScale,
    ChannelSlice,
    Concat,
    ConditionalConv2d,
    Conv2d,
    GlobalAvgPool,
    GroupNorm,
    Linear,
    MaxPool,
    PReLU,
    convolution_of,
)
from mbconv_cli.plan.ops import Op, Shape
from mbconv_cli.plan.shapes import same_padding, spanned
from mbconv_cli.recognition.op_graph import Cursor

ONE: Final = (1, 1)
NO_ACTIVATION: Final = "none"


@dataclass(frozen=True, slots=True)
class ConvolutionStep:
    """A convolution as it was found.

    Attributes:
        conv: the op, without its experts if it has some.
        paddings: the words for padding that give its padding on this feature map.
        norm: whether a norm follows.
        activation: what follows then; `none` if nothing.
        anti_aliasing: the pooling behind all this that has the convolution's stride, which `conv` is given then.
    """

    conv: Conv2d
    paddings: frozenset[str]
    norm: bool
    activation: str
    anti_aliasing: str | None = None

    @property
    def is_pointwise(self) -> bool:
        """Whether it is a 1x1 convolution of stride one."""
        return self.conv.kernel_size == ONE and self.conv.stride == ONE

    @property
    def dilations(self) -> frozenset[Any]:
        """The dilations of a row that come to this one: along a side of one pixel any does."""
        vertical, horizontal = self.conv.dilation
        tall, wide = (size > 1 for size in self.conv.kernel_size)
        if tall and wide:
            return frozenset({(vertical, horizontal)})
        if not tall and not wide:
            return frozenset()
        one = vertical if tall else horizontal
        return frozenset({(one, one), (one, 1) if tall else (1, one)})


def convolutions(
    cursor: Cursor, *, norm: bool | None = True, routing: Cursor | None = None, anti_aliased: bool = False
) -> Iterator[tuple[ConvolutionStep, Cursor]]:
    """The convolutions that read the value here, each with norm or without, and with as much of what follows as fits.

    Args:
        cursor: where to read.
        norm: whether a norm must follow, must not, or may (None).
        routing: behind the factors of the experts that its kernel is mixed of; None for a fixed kernel.
        anti_aliased: whether a pooling against aliasing may follow, too.
    """
    found = _plain_convolutions(cursor, norm, routing)
    for step, behind in found:
        yield step, behind
        if anti_aliased and step.conv.stride == ONE:
            for pooling, stride, pooled in _anti_aliasings(behind):
                yield replace(step, conv=replace(step.conv, stride=stride), anti_aliasing=pooling), pooled


def _plain_convolutions(
    cursor: Cursor, norm: bool | None, routing: Cursor | None
) -> Iterator[tuple[ConvolutionStep, Cursor]]:
    for op, behind in cursor.then(Conv2d) if routing is None else cursor.with_other(ConditionalConv2d, routing):
        conv = convolution_of(op.kind)
        assert conv is not None
        words = paddings_of(op)
        if norm is not True:
            yield from _activated(conv, words, False, behind)
        if norm is not False:
            for _, normed in behind.then(BatchNorm, GroupNorm):
                yield from _activated(conv, words, True, normed)


def _activated(
    conv: Conv2d, words: frozenset[str], norm: bool, cursor: Cursor
) -> Iterator[tuple[ConvolutionStep, Cursor]]:
    for activation, behind in activations(cursor):
        yield ConvolutionStep(conv, words, norm, activation), behind


def _anti_aliasings(cursor: Cursor) -> Iterator[tuple[str, tuple[int, int], Cursor]]:
    """The poolings against aliasing that read the value here, each with its stride."""
    for op, behind in cursor.then(BlurPool, AvgPool):
        kind = op.kind
        assert isinstance(kind, BlurPool | AvgPool)
        plain = kind == AvgPool(kind.stride, kind.stride, (0, 0, 0, 0))
        fits = plain or (isinstance(kind, BlurPool) and (kind.kernel_size, kind.padding) == ((3, 3), (1, 1, 1, 1)))
        if fits and kind.stride != ONE:
            of_border = {"reflected": "blur", "zero": "zero_padded_blur"}
            yield of_border[kind.border] if isinstance(kind, BlurPool) else "average", kind.stride, behind


def activations(cursor: Cursor) -> Iterator[tuple[str, Cursor]]:
    """The activations that read the value here, and none."""
    for op, behind in cursor.then(Activation, PReLU):
        yield op.kind.function if isinstance(op.kind, Activation) else "prelu", behind
    yield NO_ACTIVATION, cursor


def pointwise(
    cursor: Cursor, *, norm: bool | None = True, routing: Cursor | None = None
) -> Iterator[tuple[ConvolutionStep, Cursor]]:
    """The 1x1 convolutions of stride one that read the value here."""
    found = convolutions(cursor, norm=norm, routing=routing)
    return ((step, behind) for step, behind in found if step.is_pointwise)


def channel_scales(cursor: Cursor) -> Iterator[tuple[dict[str, frozenset[Any]], Cursor]]:
    """A learned factor for each channel of the value here, and none."""
    yield {"layer_scale": frozenset({False})}, cursor
    for _, behind in cursor.then(ChannelScale):
        yield {"layer_scale": frozenset({True})}, behind


def routings(cursor: Cursor) -> Iterator[tuple[int | None, Cursor | None]]:
    """The numbers of experts whose factors are made of the value here, with where one stands behind them, and none."""
    yield None, None
    for _, pooled in cursor.then(GlobalAvgPool):
        for op, behind in pooled.then(Linear):
            for function, factors in activations(behind):
                if function == "sigmoid" and isinstance(op.kind, Linear) and op.kind.bias:
                    yield op.kind.out_features, factors


def paddings_of(op: Op) -> frozenset[str]:
    """The words for padding that give an op's padding on its feature map."""
    kind, shape = convolution_of(op.kind) or op.kind, op.inputs[0].shape
    assert isinstance(kind, Conv2d | MaxPool | AvgPool | BlurPool)
    dilation = kind.dilation if isinstance(kind, Conv2d) else ONE
    words = {word for word, padding in _paddings(shape, kind, dilation).items() if padding == kind.padding}
    has_middle = not isinstance(kind, Conv2d) or all(size % 2 for size in kind.kernel_size)
    return frozenset(words if has_middle else words - {"symmetric"})


def _paddings(
    shape: Shape, kind: Conv2d | MaxPool | AvgPool | BlurPool, dilation: tuple[int, int]
) -> dict[str, tuple[int, int, int, int]]:
    height, width = (spanned(size, factor) for size, factor in zip(kind.kernel_size, dilation, strict=True))
    return {
        "symmetric": ((height - 1) // 2, (height - 1) // 2, (width - 1) // 2, (width - 1) // 2),
        "same": (*same_padding(shape[-2], height, kind.stride[0]), *same_padding(shape[-1], width, kind.stride[1])),
        "valid": (0, 0, 0, 0),
    }


@dataclass(frozen=True, slots=True)
class DepthwiseStage:
    """A depthwise convolution, or what takes its place: mixed kernels, or smaller kernels one after the other.

    Attributes:
        choices: the keys of a row that say it, each with the values that do.
        steps: its convolutions.
        norm: whether norms follow.
        activation: what follows then.
    """

    choices: dict[str, frozenset[Any]]
    steps: tuple[ConvolutionStep, ...]
    norm: bool
    activation: str

    @property
    def stride(self) -> tuple[int, int]:
        """That of the first convolution, which alone has one."""
        return self.steps[0].conv.stride

    @property
    def is_mixed(self) -> bool:
        """Whether its kernels share the channels."""
        return len(next(iter(self.choices["kernel_size"]))) > 1


def depthwise_stages(
    cursor: Cursor, *, norm: bool = True, routing: Cursor | None = None
) -> Iterator[tuple[DepthwiseStage, Cursor]]:
    """The depthwise stages that read the value here."""
    yield from _stacks(cursor, (), norm, routing)
    if routing is None:
        yield from _mixed(cursor, norm)


def _stacks(
    cursor: Cursor, before: tuple[ConvolutionStep, ...], norm: bool, routing: Cursor | None
) -> Iterator[tuple[DepthwiseStage, Cursor]]:
    """One convolution that keeps the channels, or up to sixteen of one kind."""
    for step, behind in convolutions(cursor, norm=norm, routing=routing, anti_aliased=not before):
        conv = step.conv
        if conv.in_channels != conv.out_channels or (before and not _continues(before[0], step)):
            continue
        steps = (*before, step)
        yield DepthwiseStage(_stack_choices(steps), steps, norm, step.activation), behind
        if len(steps) < 16 and len(set(conv.kernel_size)) == 1:
            yield from _stacks(behind, steps, norm, routing)


def _continues(first: ConvolutionStep, step: ConvolutionStep) -> bool:
    return (first.conv.groups, first.activation, ONE) == (step.conv.groups, step.activation, step.conv.stride)


def _stack_choices(steps: tuple[ConvolutionStep, ...]) -> dict[str, frozenset[Any]]:
    conv = steps[0].conv
    group_size = conv.in_channels // conv.groups
    sizes = [step.conv.kernel_size[0] for step in steps]
    span = (1 + sum(size - 1 for size in sizes),) * 2
    return {
        "kernel_size": frozenset({(conv.kernel_size if len(steps) == 1 else span,)}),
        "depthwise_stack": frozenset({tuple(sizes) if len(steps) > 1 else None}),
        "group_size": frozenset({None, 1} if group_size == 1 else {group_size}),
        "mixed_shares": frozenset({None}),
        **anti_aliasing_of(steps[0]),
    }


def _mixed(cursor: Cursor, norm: bool) -> Iterator[tuple[DepthwiseStage, Cursor]]:
    """A convolution for each of several shares of the channels, and all results one after the other."""
    slices = sorted(((op, behind) for op, behind in cursor.then(ChannelSlice)), key=lambda one: one[0].kind.start)  # type: ignore[union-attr]  # only slices come
    if not 2 <= len(slices) <= 8:
        return
    steps, ends = [], []
    for _, behind in slices:
        found = [one for one in convolutions(behind, norm=False) if one[0].activation == NO_ACTIVATION]
        if (
            len(found) != 1
            or not found[0][0].conv.groups == found[0][0].conv.in_channels == found[0][0].conv.out_channels
        ):
            return
        steps.append(found[0][0])
        ends.append(found[0][1])
    choices = _mixed_choices(cursor.value.channels, tuple(steps))
    for joined in ends[0].joined(Concat, *ends[1:]):
        if not norm:
            for activation, behind in activations(joined):
                yield DepthwiseStage(choices, tuple(steps), norm, activation), behind
            continue
        for _, normed in joined.then(BatchNorm, GroupNorm):
            for activation, behind in activations(normed):
                yield DepthwiseStage(choices, tuple(steps), norm, activation), behind


def _mixed_choices(channels: int, steps: tuple[ConvolutionStep, ...]) -> dict[str, frozenset[Any]]:
    widths = [step.conv.in_channels for step in steps]
    even = channels // len(steps)
    is_even = widths == [channels - even * (len(steps) - 1)] + [even] * (len(steps) - 1)
    return {
        "kernel_size": frozenset({tuple(step.conv.kernel_size for step in steps)}),
        "depthwise_stack": frozenset({None}),
        "group_size": frozenset({None, 1}),
        "mixed_shares": frozenset({None} if is_even else {tuple(widths)}),
        "anti_aliasing": frozenset({None}),
    }


def anti_aliasing_of(*steps: ConvolutionStep) -> dict[str, frozenset[Any]]:
    """What has the stride of those of a block's convolutions that have one; anything where none has."""
    words = {step.anti_aliasing for step in steps if step.conv.stride != ONE}
    return {"anti_aliasing": frozenset(words)} if words else {}


def common(sets: Iterator[frozenset[Any]]) -> frozenset[Any]:
    """What all sets have."""
    return reduce(frozenset.__and__, sets)

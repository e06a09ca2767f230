"""What an op's time depends on, as far as it is known before it runs: its kind, and a few sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, assert_never

from mbconv_cli.cost.counts import cost_of
from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    AtenCall,
    AvgPool,
    BatchNorm,
    BlurPool,
    ChannelScale,
    ChannelShuffle,
    ChannelSlice,
    Concat,
    ConditionalConv2d,
    Conv2d,
    GlobalAvgPool,
    GroupNorm,
    Linear,
    MaxPool,
    Multiply,
    MultiQueryAttention,
    PReLU,
)
from mbconv_cli.plan.ops import Op, Shape

OUTPUT_CHANNELS: Final = "output channels"
INPUT_CHANNELS: Final = "input channels of a group"
PIXELS: Final = "output pixels"
INPUT_PIXELS: Final = "input pixels"
TAPS: Final = "kernel pixels"
STRIDE: Final = "stride"
_CONVOLUTION: Final = (INPUT_CHANNELS, OUTPUT_CHANNELS, PIXELS, TAPS, STRIDE)
_SPATIAL: Final = (OUTPUT_CHANNELS, PIXELS)


class Traits(NamedTuple):
    """An op as a model of its time sees it; equal ones take equally long.

    Attributes:
        kind: ops of one kind share a model.
        names: of the sizes.
        sizes: positive whole numbers.
        macs: of one image.
        elements: that it reads and writes for one image, weights included.
    """

    kind: str
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    macs: int = 0
    elements: int = 0

    @property
    def logs(self) -> tuple[float, ...]:
        """The logarithms of the sizes: times go by factors."""
        return tuple(map(math.log, self.sizes))


def traits(op: Op) -> Traits:
    """What the time of an op depends on."""
    cost = cost_of(op)
    return _sizes(op)._replace(macs=cost.macs, elements=cost.weights + cost.activations)


def _sizes(op: Op) -> Traits:
    """Its kind and sizes."""
    kind, shape = op.kind, op.output.shape
    match kind:
        case Conv2d():
            return _of_convolution(kind, shape)
        case ConditionalConv2d():
            plain = _of_convolution(kind.conv, shape)
            return Traits(f"conditional {plain.kind}", (*plain.names, "experts"), (*plain.sizes, kind.experts))
        case BatchNorm():
            return Traits("batch_norm", _SPATIAL, _spatial(shape))
        case GroupNorm():
            return Traits("group_norm", _SPATIAL, _spatial(shape))
        case Activation():
            return Traits(f"activation {kind.function}", _SPATIAL, _spatial(shape))
        case ChannelScale():
            return Traits("channel_scale", _SPATIAL, _spatial(shape))
        case PReLU():
            return Traits("prelu", _SPATIAL, _spatial(shape))
        case GlobalAvgPool():
            return Traits("global_avg_pool", (OUTPUT_CHANNELS, INPUT_PIXELS), _spatial(op.inputs[0].shape))
        case MaxPool() | AvgPool():
            name = "max_pool" if isinstance(kind, MaxPool) else "avg_pool"
            sizes = (*_spatial(shape), math.prod(kind.kernel_size), math.prod(kind.stride))
            return Traits(name, (*_SPATIAL, TAPS, STRIDE), sizes)
        case BlurPool():
            sizes = (*_spatial(shape), math.prod(kind.kernel_size), math.prod(kind.stride))
            return Traits("blur_pool", (*_SPATIAL, TAPS, STRIDE), sizes)
        case Linear():
            return Traits("linear", ("input features", "output features"), (kind.in_features, kind.out_features))
        case Add() | Multiply():
            return Traits("add" if isinstance(kind, Add) else "multiply", _SPATIAL, _spatial(shape))
        case MultiQueryAttention():
            keys = max(1, math.prod(op.inputs[1].shape[1:]))
            sizes = (*_spatial(shape), keys, kind.key_filters)
            return Traits("multi_query_attention", (*_SPATIAL, "keys", "channels of a key"), sizes)
        case ChannelShuffle() | ChannelSlice() | Concat():
            return Traits(type(kind).__name__, _SPATIAL, _spatial(shape))
        case AtenCall():
            return Traits(f"call of {kind.target}", ("elements",), (max(1, math.prod(shape)),))
        case _:
            assert_never(kind)


def _of_convolution(kind: Conv2d, shape: Shape) -> Traits:
    """Depthwise, pointwise, grouped and full convolutions run on kernels of their own."""
    per_group = kind.in_channels // kind.groups
    taps, stride = math.prod(kind.kernel_size), math.prod(kind.stride)
    sizes = (per_group, kind.out_channels, _spatial(shape)[1], taps, stride)
    if kind.groups == kind.in_channels and kind.groups > 1:
        return Traits("depthwise convolution", _CONVOLUTION[1:], sizes[1:])
    if kind.groups > 1:
        return Traits("grouped convolution", (*_CONVOLUTION, "groups"), (*sizes, kind.groups))
    if taps == 1:
        pointwise = "pointwise convolution of one pixel" if sizes[2] == 1 else "pointwise convolution"
        return Traits(pointwise, (*_CONVOLUTION[:3], STRIDE), (*sizes[:3], stride))
    return Traits("convolution", _CONVOLUTION, sizes)


def _spatial(shape: Shape) -> tuple[int, int]:
    """(channels, pixels)."""
    return shape[0], max(1, math.prod(shape[1:]))


class Bounds(NamedTuple):
    """The smallest and the largest of each size that was measured of a kind."""

    least: tuple[int, ...]
    most: tuple[int, ...]


def bounds(measured: Sequence[Traits]) -> Bounds:
    """Those of ops of one kind."""
    columns = list(zip(*(one.sizes for one in measured), strict=True))
    return Bounds(tuple(map(min, columns)), tuple(map(max, columns)))


FARTHEST: Final = 1.5
"""The factor beyond what was measured from which on a model's figure is a guess."""


def far_outside(one: Traits, measured: Bounds | None) -> str | None:
    """Why an op is too far from all that was measured of its kind, in words; None if it is not.

    Args:
        one: the op.
        measured: the bounds of its kind; None where none was measured.
    """
    if measured is None:
        return f"no {one.kind.replace('_', ' ')} was measured"
    for name, size, least, most in zip(one.names, one.sizes, measured.least, measured.most, strict=True):
        if size > FARTHEST * most:
            return f"{size:,} {name}, and {most:,} were the most that was measured"
        if size * FARTHEST < least:
            return f"{size:,} {name}, and {least:,} were the least that was measured"
    return None

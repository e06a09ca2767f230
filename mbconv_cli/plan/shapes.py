"""Shape inference: what an op gives for what it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import assert_never

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
    Kind,
    Linear,
    MaxPool,
    Multiply,
    MultiQueryAttention,
    PReLU,
)
from mbconv_cli.plan.ops import Shape, Value


class ShapeError(ValueError):
    """An op cannot take what it is given, or would give nothing."""


def infer_shape(kind: Kind, inputs: Sequence[Value]) -> Shape:
    """The output shape of an op that reads these inputs, without the batch.

    Raises:
        ShapeError: the inputs do not fit the op, or the output would have no pixel.
    """
    first = inputs[0].shape
    match kind:
        case Conv2d():
            return _conv2d(kind, inputs)
        case ConditionalConv2d():
            _require(len(inputs) == 2 and inputs[1].shape == (kind.experts,), kind, inputs)
            return _conv2d(kind.conv, inputs)
        case BatchNorm():
            _require(len(first) == (3 if kind.spatial else 1) and first[0] == kind.channels, kind, inputs)
            return first
        case GroupNorm():
            _require(first[0] == kind.channels, kind, inputs)
            if kind.channels % kind.groups:
                raise ShapeError(f"{kind.channels} channels do not divide into {kind.groups} groups of a norm")
            if kind.channels // kind.groups * math.prod(first[1:]) == 1:
                raise ShapeError("groups of one value cannot be normalized")
            return first
        case Activation():
            return first
        case PReLU() | ChannelScale():
            _require(first[0] == kind.channels, kind, inputs)
            return first
        case ChannelShuffle():
            _require(len(first) == 3 and first[0] % kind.groups == 0, kind, inputs)
            return first
        case GlobalAvgPool():
            _require(len(first) == 3, kind, inputs)
            return (first[0], 1, 1) if kind.keep_dims else (first[0],)
        case BlurPool():
            _require(len(first) == 3 and first[0] == kind.channels, kind, inputs)
            top, bottom, left, right = kind.padding
            if kind.border == "reflected" and (max(top, bottom) >= first[1] or max(left, right) >= first[2]):
                raise ShapeError(f"a {first[1]}x{first[2]} feature map is too small to be reflected at its border")
            return (first[0], *_windows(first, kind))
        case MaxPool() | AvgPool():
            _require(len(first) == 3, kind, inputs)
            return (first[0], *_windows(first, kind))
        case ChannelSlice():
            _require(len(first) == 3 and 0 <= kind.start < kind.stop <= first[0], kind, inputs)
            return (kind.stop - kind.start, first[1], first[2])
        case Concat():
            _require(all(value.shape[1:] == first[1:] for value in inputs), kind, inputs)
            return (sum(value.shape[0] for value in inputs), *first[1:])
        case Linear():
            _require(first == (kind.in_features,), kind, inputs)
            return (kind.out_features,)
        case Add():
            _require(len(inputs) == 2 and first == inputs[1].shape, kind, inputs)
            return first
        case Multiply():
            _require(len(inputs) == 2 and inputs[1].shape in (first, (first[0], 1, 1)), kind, inputs)
            return first
        case MultiQueryAttention():
            queries, keys, values = (value.shape for value in inputs)
            wanted = (kind.heads * kind.key_filters, kind.key_filters, kind.value_filters)
            _require((queries[0], keys[0], values[0]) == wanted and keys[1:] == values[1:], kind, inputs)
            return (kind.heads * kind.value_filters, *queries[1:])
        case AtenCall():
            raise ShapeError(f"the output of {kind.target} is known to who captured it alone")
        case _:
            assert_never(kind)


def same_padding(size: int, kernel_size: int, stride: int) -> tuple[int, int]:
    """TensorFlow's `SAME` along one axis, in pixels: (before, after), so that ceil(size / stride) pixels come out.

    A dilated kernel has the size that it spans.

    The odd pixel goes after (tf.nn, "Notes on padding").
    """
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel_size - size, 0)
    return total // 2, total - total // 2


def _conv2d(conv: Conv2d, inputs: Sequence[Value]) -> Shape:
    shape = inputs[0].shape
    _require(len(shape) == 3 and shape[0] == conv.in_channels, conv, inputs)
    if conv.in_channels % conv.groups or conv.out_channels % conv.groups:
        raise ShapeError(
            f"{conv.in_channels} channels in and {conv.out_channels} out do not divide into {conv.groups} groups"
        )
    return (conv.out_channels, *_windows(shape, conv))


def spanned(kernel_size: int, dilation: int) -> int:
    """The pixels from the first to the last that a kernel reads along one axis."""
    return dilation * (kernel_size - 1) + 1


def _windows(shape: Shape, kind: Conv2d | MaxPool | AvgPool | BlurPool) -> tuple[int, int]:
    """How many windows fit: (height, width) of the output."""
    down, across = kind.dilation if isinstance(kind, Conv2d) else (1, 1)
    tall, wide = spanned(kind.kernel_size[0], down), spanned(kind.kernel_size[1], across)
    top, bottom, left, right = kind.padding
    height = (shape[1] + top + bottom - tall) // kind.stride[0] + 1
    width = (shape[2] + left + right - wide) // kind.stride[1] + 1
    if height < 1 or width < 1:
        raise ShapeError(f"a {shape[1]}x{shape[2]} feature map shrinks below one pixel under a {tall}x{wide} kernel")
    return height, width


def _require(holds: bool, kind: Kind, inputs: Sequence[Value]) -> None:
    if not holds:
        raise ShapeError(f"{kind} cannot take {' and '.join(str(value.shape) for value in inputs)}")

"""The leaf module of each kind of op."""

from __future__ import annotations

from typing import assert_never

from torch import nn

from mbconv_cli.errors import InputError
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
from mbconv_cli.pytorch.op_modules.attention_modules import SharedKeyAttention
from mbconv_cli.pytorch.op_modules.channel_modules import Channels, Concatenation, LayerScale, Shuffle
from mbconv_cli.pytorch.op_modules.convolution_modules import ExpertConv2d, convolution_module
from mbconv_cli.pytorch.op_modules.elementwise_modules import ACTIVATIONS, Product, Sum
from mbconv_cli.pytorch.op_modules.norm_modules import NORMS
from mbconv_cli.pytorch.op_modules.pooling_modules import (
    Blur,
    GlobalAvgPool2d,
    average_pooling_module,
    max_pooling_module,
)


def leaf_module(kind: Kind, *, inplace: bool) -> nn.Module:
    """The module that computes an op.

    Args:
        kind: the op.
        inplace: whether its first input may be overwritten.
    """
    match kind:
        case Conv2d():
            return convolution_module(kind)
        case ConditionalConv2d():
            return ExpertConv2d(kind)
        case BatchNorm():
            return NORMS[kind.spatial, kind.scale](kind.channels, eps=kind.eps, momentum=kind.momentum)
        case GroupNorm():
            return nn.GroupNorm(kind.groups, kind.channels, eps=kind.eps)
        case Activation():
            return ACTIVATIONS[kind.function](inplace)
        case GlobalAvgPool():
            return GlobalAvgPool2d(keep_dims=kind.keep_dims)
        case PReLU():
            return nn.PReLU(kind.channels)
        case MaxPool():
            return max_pooling_module(kind)
        case AvgPool():
            return average_pooling_module(kind)
        case ChannelShuffle():
            return Shuffle(kind.groups)
        case ChannelSlice():
            return Channels(kind.start, kind.stop)
        case Concat():
            return Concatenation()
        case Linear():
            return nn.Linear(kind.in_features, kind.out_features, bias=kind.bias)
        case Add():
            return Sum(inplace=inplace)
        case Multiply():
            return Product(inplace=inplace)
        case BlurPool():
            return Blur(kind)
        case ChannelScale():
            return LayerScale(kind.channels)
        case MultiQueryAttention():
            return SharedKeyAttention(kind.heads)
        case AtenCall():
            raise InputError(f"{kind.target} was captured from a module, and runs as a part of that module alone")
        case _:
            assert_never(kind)

"""One leaf module for each kind of op."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, assert_never

import torch
from torch import Tensor, nn
from torch.nn import functional

from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import (
    Activation,
    ActivationName,
    Add,
    AtenCall,
    AvgPool,
    BatchNorm,
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


class PaddedConv2d(nn.Conv2d):
    """A convolution whose padding differs between opposite sides, `[N, C, H, W]` to `[N, C', H', W']`."""

    def __init__(self, conv: Conv2d) -> None:
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            dilation=conv.dilation,
            groups=conv.groups,
            bias=conv.bias,
        )
        top, bottom, left, right = conv.padding
        self.sides = (left, right, top, bottom)

    def forward(self, x: Tensor) -> Tensor:
        """Pad with zeros, then convolve."""
        return super().forward(functional.pad(x, self.sides))

    def extra_repr(self) -> str:
        """The padding as (left, right, top, bottom)."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"dilation={self.dilation}, groups={self.groups}, sides={self.sides}"
        )


class ExpertConv2d(nn.Module):
    """A convolution with a kernel for each image, `[N, C, H, W]` and `[N, experts]` to `[N, C', H', W']`.

    The images of a batch are the groups of one convolution.
    """

    def __init__(self, kind: ConditionalConv2d) -> None:
        super().__init__()
        self.kind = kind
        self.shape = (kind.out_channels, kind.in_channels // kind.groups, *kind.kernel_size)
        self.weight = nn.Parameter(torch.empty(kind.experts, math.prod(self.shape)))
        self.bias = nn.Parameter(torch.zeros(kind.experts, kind.out_channels)) if kind.bias else None
        for kernel in self.weight.data:
            nn.init.kaiming_normal_(kernel.view(self.shape), mode="fan_in", nonlinearity="relu")

    def forward(self, x: Tensor, factors: Tensor) -> Tensor:
        """Mix the kernels, then convolve each image with its own."""
        images, channels, height, width = x.shape
        out, *kernel = self.shape
        weight = torch.matmul(factors, self.weight).reshape(images * out, *kernel)
        bias = None if self.bias is None else torch.matmul(factors, self.bias).reshape(images * out)
        grouped = x.reshape(1, images * channels, height, width)
        top, bottom, left, right = self.kind.padding
        even = (top, left) == (bottom, right)
        if not even:
            grouped = functional.pad(grouped, (left, right, top, bottom))
        y = functional.conv2d(
            grouped,
            weight,
            bias,
            self.kind.stride,
            (top, left) if even else 0,
            self.kind.dilation,
            images * self.kind.groups,
        )
        return y.reshape(images, out, *y.shape[2:])

    def extra_repr(self) -> str:
        """As of a convolution, with the number of experts."""
        kind = self.kind
        return (
            f"{kind.in_channels}, {kind.out_channels}, kernel_size={kind.kernel_size}, stride={kind.stride}, "
            f"padding={kind.padding}, groups={kind.groups}, experts={kind.experts}"
        )


class LayerScale(nn.Module):
    """Each channel of `[N, C, H, W]` times a learned factor, which is small at first, as in its paper."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((channels,), 1e-5))

    def forward(self, x: Tensor) -> Tensor:
        """Scale."""
        return x * self.gamma[:, None, None]


class SharedKeyAttention(nn.Module):
    """Attention in heads that share keys and values, as `MultiQueryAttention`."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """`[N, heads x K, H, W]`, `[N, K, H', W']` and `[N, V, H', W']` to `[N, heads x V, H, W]`."""
        images, channels, height, width = queries.shape
        of_heads = queries.reshape(images, self.heads, channels // self.heads, height * width).transpose(2, 3)
        keys, values = (one.flatten(2).transpose(1, 2).unsqueeze(1) for one in (keys, values))
        y = functional.scaled_dot_product_attention(of_heads, keys, values)
        return y.transpose(2, 3).reshape(images, -1, height, width)

    def extra_repr(self) -> str:
        """The number of heads."""
        return f"heads={self.heads}"


class GlobalAvgPool2d(nn.Module):
    """The mean over height and width, `[N, C, H, W]` to `[N, C, 1, 1]` or `[N, C]`."""

    def __init__(self, *, keep_dims: bool) -> None:
        super().__init__()
        self.keep_dims = keep_dims

    def forward(self, x: Tensor) -> Tensor:
        """Average."""
        pooled = functional.adaptive_avg_pool2d(x, 1)
        return pooled if self.keep_dims else pooled.flatten(1)


class PaddedMaxPool2d(nn.MaxPool2d):
    """Max pooling with padding by minus infinity that may differ between sides, `[N, C, H, W]` to `[N, C, H', W']`."""

    def __init__(self, pool: MaxPool) -> None:
        super().__init__(pool.kernel_size, pool.stride)
        top, bottom, left, right = pool.padding
        self.sides = (left, right, top, bottom)

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then pool."""
        padded = functional.pad(x, self.sides, value=-math.inf)
        return functional.max_pool2d(padded, self.kernel_size, self.stride)


class PaddedAvgPool2d(nn.Module):
    """Average pooling over the pixels that are there, with padding that may differ between sides, as `AvgPool`."""

    def __init__(self, pool: AvgPool) -> None:
        super().__init__()
        self.kernel_size, self.stride = pool.kernel_size, pool.stride
        top, bottom, left, right = pool.padding
        self.sides = (left, right, top, bottom)

    def forward(self, x: Tensor) -> Tensor:
        """The mean of the padded windows over the share of their pixels that the image has."""
        image = functional.pad(torch.ones_like(x[:1, :1]), self.sides)
        share = functional.avg_pool2d(image, self.kernel_size, self.stride)
        return functional.avg_pool2d(functional.pad(x, self.sides), self.kernel_size, self.stride) / share


class Shuffle(nn.Module):
    """The channels of `[N, C, H, W]` as groups x members, transposed."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """Deal the channels out in turn."""
        batch, channels, height, width = x.shape
        grouped = x.reshape(batch, self.groups, channels // self.groups, height, width)
        return grouped.transpose(1, 2).reshape(x.shape)


class ShiftedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm of `[N, C, H, W]` that learns a shift and no scale."""

    def __init__(self, channels: int, eps: float, momentum: float) -> None:
        super().__init__(channels, eps=eps, momentum=momentum)
        self.register_parameter("weight", None)


class ShiftedBatchNorm1d(nn.BatchNorm1d):
    """Batch norm of `[N, C]` that learns a shift and no scale."""

    def __init__(self, channels: int, eps: float, momentum: float) -> None:
        super().__init__(channels, eps=eps, momentum=momentum)
        self.register_parameter("weight", None)


class Channels(nn.Module):
    """Channels `start` to `stop` of `[N, C, H, W]`, as a view."""

    def __init__(self, start: int, stop: int) -> None:
        super().__init__()
        self.start, self.stop = start, stop

    def forward(self, x: Tensor) -> Tensor:
        """Slice."""
        return x[:, self.start : self.stop]


class Concatenation(nn.Module):
    """Inputs `[N, C_i, H, W]` one after the other along the channels."""

    def forward(self, *inputs: Tensor) -> Tensor:
        """Concatenate."""
        return torch.cat(inputs, dim=1)


class Sum(nn.Module):
    """`x + y`, into `x` where it is not needed any more."""

    def __init__(self, *, inplace: bool) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Add."""
        return x.add_(y) if self.inplace else x + y


class Product(nn.Module):
    """`x * y`, `y` broadcast over height and width, into `x` where it is not needed any more."""

    def __init__(self, *, inplace: bool) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Multiply."""
        return x.mul_(y) if self.inplace else x * y


class Sigmoid(nn.Module):
    """The logistic function, in place where allowed (`nn.Sigmoid` cannot)."""

    def __init__(self, *, inplace: bool) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, x: Tensor) -> Tensor:
        """1 / (1 + exp(-x))."""
        return torch.sigmoid_(x) if self.inplace else torch.sigmoid(x)


ACTIVATIONS: Final[dict[ActivationName, Callable[[bool], nn.Module]]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "swish": nn.SiLU,
    "hard_swish": nn.Hardswish,
    "gelu": lambda _: nn.GELU(),
    "sigmoid": lambda inplace: Sigmoid(inplace=inplace),
    "hard_sigmoid": nn.Hardsigmoid,
}


NORMS: Final[dict[tuple[bool, bool], Callable[..., nn.Module]]] = {
    (True, True): nn.BatchNorm2d,
    (True, False): ShiftedBatchNorm2d,
    (False, True): nn.BatchNorm1d,
    (False, False): ShiftedBatchNorm1d,
}
"""The class of a batch norm, by whether it is spatial and whether it has a scale."""


def leaf_module(kind: Kind, *, inplace: bool) -> nn.Module:
    """The module that computes an op.

    Args:
        kind: the op.
        inplace: whether its first input may be overwritten.
    """
    match kind:
        case Conv2d():
            return _conv2d(kind)
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
            return _max_pool(kind)
        case AvgPool():
            return _avg_pool(kind)
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
        case ChannelScale():
            return LayerScale(kind.channels)
        case MultiQueryAttention():
            return SharedKeyAttention(kind.heads)
        case AtenCall():
            raise InputError(f"{kind.target} was captured from a module, and runs as a part of that module alone")
        case _:
            assert_never(kind)


def _conv2d(conv: Conv2d) -> nn.Conv2d:
    top, bottom, left, right = conv.padding
    if (top, left) != (bottom, right):
        return PaddedConv2d(conv)
    return nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        padding=(top, left),
        dilation=conv.dilation,
        groups=conv.groups,
        bias=conv.bias,
    )


def _max_pool(pool: MaxPool) -> nn.MaxPool2d:
    top, bottom, left, right = pool.padding
    if (top, left) != (bottom, right):
        return PaddedMaxPool2d(pool)
    return nn.MaxPool2d(pool.kernel_size, pool.stride, padding=(top, left))


def _avg_pool(pool: AvgPool) -> nn.Module:
    top, bottom, left, right = pool.padding
    if (top, left) != (bottom, right):
        return PaddedAvgPool2d(pool)
    return nn.AvgPool2d(pool.kernel_size, pool.stride, padding=(top, left), count_include_pad=False)

"""Convolutions that PyTorch has no module for."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mbconv_cli.plan.op_kinds import ConditionalConv2d, Conv2d


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


def convolution_module(conv: Conv2d) -> nn.Conv2d:
    """PyTorch's own convolution, unless opposite sides are padded differently."""
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

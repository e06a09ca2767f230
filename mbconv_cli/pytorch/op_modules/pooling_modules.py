"""Poolings, also those that PyTorch has no module for."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from mbconv_cli.plan.op_kinds import AvgPool, BlurPool, MaxPool


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


class Blur(nn.Module):
    """Each channel of `[N, C, H, W]` under a binomial filter with a stride."""

    filt: Tensor

    def __init__(self, kind: BlurPool) -> None:
        super().__init__()
        self.kind = kind
        top, bottom, left, right = kind.padding
        self.sides = (left, right, top, bottom)
        rows = [
            torch.tensor([math.comb(size - 1, tap) for tap in range(size)]) / 2 ** (size - 1)
            for size in kind.kernel_size
        ]
        self.register_buffer("filt", torch.outer(*rows).repeat(kind.channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then convolve."""
        padded = functional.pad(x, self.sides, mode="reflect" if self.kind.border == "reflected" else "constant")
        return functional.conv2d(padded, self.filt, stride=self.kind.stride, groups=self.kind.channels)

    def extra_repr(self) -> str:
        """All settings."""
        kind = self.kind
        sizes = f"kernel_size={kind.kernel_size}, stride={kind.stride}, padding={kind.padding}"
        return f"{kind.channels}, {sizes}, border={kind.border}"


def max_pooling_module(pool: MaxPool) -> nn.MaxPool2d:
    """PyTorch's own max pooling, unless opposite sides are padded differently."""
    top, bottom, left, right = pool.padding
    if (top, left) != (bottom, right):
        return PaddedMaxPool2d(pool)
    return nn.MaxPool2d(pool.kernel_size, pool.stride, padding=(top, left))


def average_pooling_module(pool: AvgPool) -> nn.Module:
    """PyTorch's own average pooling, unless opposite sides are padded differently."""
    top, bottom, left, right = pool.padding
    if (top, left) != (bottom, right):
        return PaddedAvgPool2d(pool)
    return nn.AvgPool2d(pool.kernel_size, pool.stride, padding=(top, left), count_include_pad=False)

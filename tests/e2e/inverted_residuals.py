"""A network as somebody writes it, for `mbconv import`: its second stage lacks a shortcut if `skip_all` is false."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 4, 2), (6, 64, 3, 2))
"""Expansion, channels, blocks and stride."""


def convolution(
    channels: int, filters: int, kernel_size: int = 1, stride: int = 1, *, depthwise: bool = False, active: bool = True
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(
            channels,
            filters,
            kernel_size,
            stride,
            kernel_size // 2,
            groups=channels if depthwise else 1,
            bias=False,
        ),
        nn.BatchNorm2d(filters),
    ]
    if active:
        layers.append(nn.Hardswish())
    return nn.Sequential(*layers)


class Squeeze(nn.Module):
    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        s = torch.relu(self.fc1(x.mean(dim=(2, 3))))
        return x * torch.sigmoid(self.fc2(s))[:, :, None, None]


class Residual(nn.Module):
    def __init__(self, channels: int, filters: int, expansion: int, stride: int, *, skip: bool) -> None:
        super().__init__()
        expanded = channels * expansion
        self.skip = skip and stride == 1 and channels == filters
        self.layers = nn.Sequential(
            *([convolution(channels, expanded)] if expansion != 1 else []),
            convolution(expanded, expanded, 3, stride, depthwise=True),
            Squeeze(expanded, expanded // 8),
            convolution(expanded, filters, active=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.skip else y


class Net(nn.Module):
    def __init__(self, *, skip_all: bool = True) -> None:
        super().__init__()
        self.stem = convolution(3, 16, 3, 2)
        blocks, channels = [], 16
        for number, (expansion, filters, repeats, stride) in enumerate(STAGES):
            for index in range(repeats):
                skip = skip_all or (number, index) != (2, 2)
                blocks.append(Residual(channels, filters, expansion, stride if index == 0 else 1, skip=skip))
                channels = filters
        self.blocks = nn.Sequential(*blocks)
        self.head = convolution(channels, 256)
        self.classifier = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.classifier(self.head(self.blocks(self.stem(x))).mean((2, 3)))
        return y

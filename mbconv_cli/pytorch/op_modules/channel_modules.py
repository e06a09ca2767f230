"""What moves or scales whole channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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


class LayerScale(nn.Module):
    """Each channel of `[N, C, H, W]` times a learned factor, which is small at first, as in its paper."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((channels,), 1e-5))

    def forward(self, x: Tensor) -> Tensor:
        """Scale."""
        return x * self.gamma[:, None, None]

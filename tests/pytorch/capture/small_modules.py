"""Small modules, which tests name as code."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    """Two transformer layers, for which PyTorch has a fused kernel in inference."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)

    def forward(self, x: Tensor) -> Any:
        """`[N, T, 16]` to the same shape."""
        return self.encoder(x)


class Convolutions(nn.Module):
    """What behaves in training in another way: norms, dropout, and ops in place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Any:
        """`[N, 3, H, W]` to `[N, 5]`."""
        x = self.relu(self.norm(self.conv(x)))
        x = x + torch.sigmoid(x)
        return self.head(self.drop(x.mean((2, 3))))


class Language(nn.Module):
    """Indices, of which there is no gradient, and a layer of several outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.head = nn.Linear(8, 50)

    def forward(self, ids: Tensor) -> Any:
        """`[N, T]` to `[N, T, 50]`."""
        return self.head(self.lstm(self.embedding(ids))[0])


class Named(nn.Module):
    """Two inputs, one layer that runs twice, and two outputs by name."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """`[N, 8]` and `[N, 1]`."""
        return {"masked": self.layer(x) * mask, "again": self.layer(x)}


class Masked(nn.Module):
    """Numbers written into a new tensor, which other calls do on the meta device than on the CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        """`[N, 8]` to the same shape."""
        mask = x.new_zeros(8)
        mask[:4] = 1
        mask[4:6] = 2
        masked: Tensor = self.layer(x) * mask
        return masked

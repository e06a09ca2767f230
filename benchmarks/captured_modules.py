"""Two networks of other sorts than those of the libraries: a language model and a U-Net.

mbconv profile benchmarks/captured_modules.py:LanguageModel --input 1x64:int64 --threads 1
python benchmarks/captured.py
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LanguageModel(nn.Module):
    """Tokens `[N, T]` to logits `[N, T, vocabulary]`: an embedding, two LSTM layers, and its weights again."""

    def __init__(self, vocabulary: int = 10_000, width: int = 256) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, width, num_layers=2, batch_first=True)
        self.output = nn.Linear(width, vocabulary, bias=False)
        self.output.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """One pass over the tokens."""
        states, _ = self.lstm(self.embedding(tokens))
        logits: Tensor = self.output(states)
        return logits


class DoubleConvolution(nn.Sequential):
    """Two 3x3 convolutions, each with norm and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """Images `[N, 3, H, W]` to maps `[N, classes, H, W]` (Ronneberger et al., arXiv:1505.04597), three levels deep."""

    def __init__(self, classes: int = 2, width: int = 16) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width]
        self.down = nn.ModuleList(DoubleConvolution(i, o) for i, o in zip([3, *widths], widths, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.bottom = DoubleConvolution(4 * width, 8 * width)
        self.raise_ = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in reversed(widths))
        self.up = nn.ModuleList(DoubleConvolution(2 * w, w) for w in reversed(widths))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """One pass; height and width are multiples of 8."""
        kept: list[Tensor] = []
        for block in self.down:
            x = block(x)
            kept.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for raise_, block in zip(self.raise_, self.up, strict=True):
            x = block(torch.cat([kept.pop(), raise_(x)], dim=1))
        maps: Tensor = self.head(x)
        return maps

"""The one way in which this project counts, in the words that every report carries."""

from __future__ import annotations

from typing import Final

CONVENTION: Final = (
    "MACs: one multiply-accumulate is one; convolutions and linear layers, squeeze-and-excitation included, "
    "without bias, norm, activation, pooling and element-wise work. FLOPs = 2 x MACs. "
    "params: trainable, norm's scale and shift included, running statistics not. "
    "bytes: inputs, weights and outputs, each once"
)

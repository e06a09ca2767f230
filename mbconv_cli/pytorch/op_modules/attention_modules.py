"""Attention among the pixels."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


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

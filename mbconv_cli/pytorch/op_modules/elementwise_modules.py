"""Sums, products and activations, in place where allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

from mbconv_cli.plan.op_kinds import ActivationName


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
    "leaky_relu": lambda inplace: nn.LeakyReLU(inplace=inplace),
    "elu": lambda inplace: nn.ELU(inplace=inplace),
    "swish": nn.SiLU,
    "hard_swish": nn.Hardswish,
    "mish": nn.Mish,
    "gelu": lambda _: nn.GELU(),
    "tanh": lambda _: nn.Tanh(),
    "sigmoid": lambda inplace: Sigmoid(inplace=inplace),
    "hard_sigmoid": nn.Hardsigmoid,
}

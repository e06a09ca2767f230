"""Batch norms with a scale and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from torch import nn


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


NORMS: Final[dict[tuple[bool, bool], Callable[..., nn.Module]]] = {
    (True, True): nn.BatchNorm2d,
    (True, False): ShiftedBatchNorm2d,
    (False, True): nn.BatchNorm1d,
    (False, False): ShiftedBatchNorm1d,
}
"""The class of a batch norm, by whether it is spatial and whether it has a scale."""

"""How exactly a device multiplies, and so how far two ways to compute the same network may be apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from mbconv_cli.measure.execution import Dtype

# What fused and reordered arithmetic may change, as a share of the largest output.
_TOLERANCE: Final = {Dtype.FLOAT32: 1e-3, Dtype.BFLOAT16: 1e-1, Dtype.FLOAT16: 2e-2}
# TF32 rounds the factors of a product to 10 bits of mantissa, as float16 does, and sums up in float32. On an H100 the
# compiled efficientnet-b0 was 1.0e-3 apart from the eager one.
_TF32_TOLERANCE: Final = 1e-2
_FIRST_CAPABILITY_WITH_TF32: Final = 8


@contextmanager
def float32_arithmetic(tf32: bool | None) -> Iterator[None]:
    """Allow or forbid TF32 for convolutions and products alike inside; torch's own choice of each if None."""
    if tf32 is None:
        yield
        return
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def tf32_in_use(device: torch.device) -> str | None:
    """What is computed in TF32: `convolutions`, `products`, both or `nothing`; None where a device has none of it."""
    if not has_tf32(device):
        return None
    allowed = {"convolutions": torch.backends.cudnn.allow_tf32, "products": torch.backends.cuda.matmul.allow_tf32}
    return " and ".join(what for what, may in allowed.items() if may) or "nothing"


def mode_tolerance(dtype: Dtype, device: torch.device) -> float:
    """How far two forms of a network may be apart on this device, as a share of the largest output."""
    return _TF32_TOLERANCE if dtype is Dtype.FLOAT32 and uses_tf32(device) else _TOLERANCE[dtype]


def uses_tf32(device: torch.device) -> bool:
    """Whether float32 convolutions or products may be computed in TF32: on NVIDIA's GPUs since Ampere.

    torch allows it for convolutions, but not for products, unless it is set otherwise
    (pytorch.org/docs/stable/notes/cuda.html, "TensorFloat-32 on Ampere and later devices").
    """
    if not has_tf32(device):
        return False
    return torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32


def has_tf32(device: torch.device) -> bool:
    """Whether a device can compute in TF32 at all."""
    if device.type != "cuda" or torch.version.hip is not None:
        return False
    return torch.cuda.get_device_capability(device)[0] >= _FIRST_CAPABILITY_WITH_TF32

"""The reference workload on the CPU: a matrix product, which feels the clock, and a small block, which feels memory.

Together they explained most of what moved efficientnet-b0 and mobilenet-v3-small over time and from process to process;
a copy of memory moves the other way where two cores share it, and is not among them.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import torch
from torch.nn import functional

from mbconv_cli.measure.reference_workload import Workload

PRODUCT_SIZE: Final = 192
CHANNELS: Final = 96
EXTENT: Final = 28


def reference_kernels(device: torch.device, dtype: torch.dtype) -> Workload:
    """The kernels, each on tensors of its own; none for an accelerator, whose speed repeats within half a percent.

    Args:
        device: where passes are measured.
        dtype: of the passes.
    """
    if device.type != "cpu":
        return ()
    a, b = (torch.randn(PRODUCT_SIZE, PRODUCT_SIZE, dtype=dtype) for _ in range(2))
    images = torch.randn(1, CHANNELS, EXTENT, EXTENT, dtype=dtype)
    expand, project = (torch.randn(CHANNELS, CHANNELS, 1, 1, dtype=dtype) for _ in range(2))
    depthwise = torch.randn(CHANNELS, 1, 3, 3, dtype=dtype)

    @torch.inference_mode()
    def block() -> None:
        """A 1x1 convolution, a depthwise 3x3, SiLU, and a 1x1 again, on `[1, 96, 28, 28]`."""
        expanded = functional.conv2d(images, expand)
        filtered = functional.conv2d(expanded, depthwise, padding=1, groups=CHANNELS)
        functional.conv2d(functional.silu(filtered), project)

    return (partial(torch.mm, a, b), block)

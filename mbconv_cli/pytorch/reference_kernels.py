"""The reference workload on the CPU: a matrix product, which feels the clock and whoever shares the core.

Others were tried beside it in 36 profiles. A small block of convolutions repeats half as well, and a copy of memory a
quarter as well, since both feel where their memory lies: corrected by either with the product, latencies repeat no
better than by the product alone.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import torch

from mbconv_cli.measure.reference_workload import Workload

PRODUCT_SIZE: Final = 192


def reference_kernels(device: torch.device, dtype: torch.dtype) -> Workload:
    """The kernels; none for an accelerator, whose speed repeats within 0.5 %.

    Args:
        device: where passes are measured.
        dtype: of the passes.
    """
    if device.type != "cpu":
        return ()
    a, b = (torch.randn(PRODUCT_SIZE, PRODUCT_SIZE, dtype=dtype) for _ in range(2))
    return (partial(torch.mm, a, b),)

"""The reference workload on the CPU: a matrix product, which feels the clock, and new pages of memory.

A pass whose allocator hands memory back to the system touches a thousand pages and more for the first time, and on a
virtual machine each costs microseconds: a quarter of efficientnet-b0's time where this was tried. The cost differs from
one minute to the next, and how many there are from one process to the next. A copy of memory moves the other way where
two cores share it; a block of convolutions feels the pages of its own outputs, more or fewer of them by chance.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import torch

from mbconv_cli.machine.page_faults import touch_new_pages
from mbconv_cli.measure.reference_workload import Workload

PRODUCT_SIZE: Final = 192


def reference_kernels(device: torch.device, dtype: torch.dtype) -> Workload:
    """The kernels, the one that causes page faults last; none for an accelerator, whose speed repeats within 0.5 %.

    Args:
        device: where passes are measured.
        dtype: of the passes.
    """
    if device.type != "cpu":
        return ()
    a, b = (torch.randn(PRODUCT_SIZE, PRODUCT_SIZE, dtype=dtype) for _ in range(2))
    return (partial(torch.mm, a, b), touch_new_pages)

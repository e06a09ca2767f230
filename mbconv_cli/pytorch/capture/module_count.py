"""A module's MACs by torch's own counter, which sees the kernels that run and shares no code with capture."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mbconv_cli.pytorch.capture.example_inputs import Inputs
from mbconv_cli.pytorch.capture.fast_path import without_fast_path
from mbconv_cli.units import FLOPS_PER_MAC


def counted_macs(module: nn.Module, inputs: Inputs) -> int:
    """Half the FLOPs that `torch.utils.flop_counter` counts while the module runs.

    It does not know every kernel: attention is computed by its two matrix products meanwhile, recurrent layers step by
    step, and transformer layers op by op.
    """
    with torch.no_grad(), _frozen(module), without_fast_path(), sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of oneDNN, about other devices
        with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
            module(*inputs.positional, **inputs.named)
    return int(counter.get_total_flops()) // FLOPS_PER_MAC


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Without gradients for any parameter, of which the counter would follow some that take part in none."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)

"""Modules of other libraries on the meta device: their layers, parameters and FLOPs, without a single value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mbconv_cli.pytorch.weights import layers_in_order

FILLING: Final = (
    *("constant_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "trunc_normal_", "uniform_"),
    *("xavier_uniform_", "zeros_"),
)
"""Functions of `torch.nn.init` that set values, of which there are none here."""
SHAPE_KEEPING: Final = (
    "batch_norm",
    "dropout",
    "gelu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "relu",
    "relu6",
    "silu",
)
"""Functions that multiply no weights and give the shape that they take."""


@dataclass(frozen=True, slots=True)
class MetaPass:
    """One pass of a module: its layers in order of execution, its parameters, PyTorch's FLOPs, and what comes out."""

    layers: list[nn.Module]
    params: int
    flops: int
    output_shape: tuple[int, ...]


@contextmanager
def without_values() -> Iterator[None]:
    """Modules are built and run on the meta device.

    What only fills tensors or keeps their shape is left out: PyTorch works through it in Python, op by op, which takes
    longer than all else together.
    """
    with pytest.MonkeyPatch.context() as patch, torch.device("meta"):
        for name in FILLING:
            patch.setattr(nn.init, name, _as_it_is)
        for name in SHAPE_KEEPING:
            patch.setattr(nn.functional, name, _as_it_is)
        yield


def meta_pass(make: Callable[[], nn.Module], image_shape: tuple[int, ...]) -> MetaPass:
    """The module that `make` gives, and its pass on one image `(C, H, W)`."""
    shapes: list[tuple[int, ...]] = []
    with without_values(), FlopCounterMode(display=False) as counter:
        module = make()
        module.register_forward_hook(lambda _module, _inputs, output: shapes.append(tuple(output.shape[1:])))
        layers = [layer for _, layer in layers_in_order(module, torch.empty(1, *image_shape))]
    params = sum(parameter.numel() for parameter in module.parameters())
    return MetaPass(layers, params, counter.get_total_flops(), shapes[-1])


def _as_it_is(tensor: Any, *_: Any, **__: Any) -> Any:
    return tensor

"""A module as ONNX, in memory."""

from __future__ import annotations

import warnings
from collections.abc import Container
from typing import Final

import torch
from torch import Tensor, nn

from mbconv_cli.errors import InputError
from mbconv_cli.pytorch.onnx.onnx_names import name_after_ops
from mbconv_cli.units import binary

LARGEST_MODEL: Final = 2**31 - 1
"""Bytes that one protocol buffer holds: https://protobuf.dev/programming-guides/proto-limits/."""


def export(module: nn.Module, inputs: tuple[Tensor, ...], labels: Container[str]) -> bytes:
    """Export through `torch.export`, for inputs of these shapes, with every node named after its op.

    The exporter's own optimization is on, as by default; it folds batch norms into convolutions.

    Args:
        module: in eval mode; a network is built with `inplace=False`.
        inputs: by position.
        labels: the paths of the submodules that compute an op.

    Raises:
        InputError: the weights are more than an ONNX file holds.
    """
    weights = sum(parameter.numel() * parameter.element_size() for parameter in module.parameters())
    if weights > LARGEST_MODEL:
        raise InputError(f"--backend onnxruntime: {binary(weights)} of weights, and an ONNX file holds 2 GiB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's and torch.export's own, of their own parts
        program = torch.onnx.export(module, inputs, dynamo=True, optimize=True, verbose=False)
    assert program is not None
    model = program.model_proto
    name_after_ops(model.graph, labels)
    serialized: bytes = model.SerializeToString()
    return serialized

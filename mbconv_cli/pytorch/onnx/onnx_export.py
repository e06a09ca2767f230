"""A built network as ONNX, in memory."""

from __future__ import annotations

import warnings
from typing import Final

import torch
from torch import Tensor

from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import Network
from mbconv_cli.pytorch.onnx.onnx_names import name_after_ops
from mbconv_cli.units import binary

LARGEST_MODEL: Final = 2**31 - 1
"""Bytes that one protocol buffer holds: https://protobuf.dev/programming-guides/proto-limits/."""


def export(network: Network, plan: Plan, images: Tensor) -> bytes:
    """Export through `torch.export`, for batches of this size, with every node named after its op.

    The exporter's own optimization is on, as by default; it folds batch norms into convolutions.

    Args:
        network: built with `inplace=False`, in eval mode.
        plan: what it was built from.
        images: `[N, C, H, W]`.

    Raises:
        InputError: the weights are more than an ONNX file holds.
    """
    weights = sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())
    if weights > LARGEST_MODEL:
        raise InputError(f"--backend onnxruntime: {binary(weights)} of weights, and an ONNX file holds 2 GiB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's and torch.export's own, of their own parts
        program = torch.onnx.export(network, (images,), dynamo=True, optimize=True, verbose=False)
    assert program is not None
    model = program.model_proto
    name_after_ops(model.graph, {op.name for op in plan.ops})
    serialized: bytes = model.SerializeToString()
    return serialized

"""The ops of other people's tables, built: counted by fvcore, trained, folded, and the same in onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import torch
from torch import nn

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.op_kinds import (
    AvgPool,
    BlurPool,
    ChannelScale,
    ChannelShuffle,
    ConditionalConv2d,
    Conv2d,
    MultiQueryAttention,
    PReLU,
)
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.audit import audit_plan
from mbconv_cli.pytorch.built_network import build, settle
from mbconv_cli.pytorch.folding import fold_network
from mbconv_cli.pytorch.modules import leaf_module
from mbconv_cli.spec.loader import load_file

CPU: Final = torch.device("cpu")
TABLE: Final = Path(__file__).parents[1] / "family_ops.yaml"


def plan() -> Plan:
    return plan_loaded(load_file(TABLE))


def test_fvcore_counts_as_much() -> None:
    found = plan()
    kinds = {type(op.kind) for op in found.ops}
    assert {PReLU, AvgPool, BlurPool, ChannelShuffle, ConditionalConv2d, ChannelScale, MultiQueryAttention} <= kinds
    assert audit_plan(found, plan_costs(found)).agrees
    network = build(found, CPU)
    assert total(plan_costs(found)).params == sum(parameter.numel() for parameter in network.parameters())


def test_it_is_trained() -> None:
    network = build(plan(), CPU, inplace=False).train()
    network(torch.randn(4, *plan().input_shape)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_folded_it_computes_the_same() -> None:
    torch.manual_seed(0)
    network = build(plan(), CPU)
    images = torch.randn(16, *plan().input_shape)
    settle(network, images)
    with torch.inference_mode():
        expected, found = network(images), fold_network(network, plan())(images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_onnxruntime_computes_the_same() -> None:
    runtime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
    from mbconv_cli.pytorch.onnx.onnx_export import export

    torch.manual_seed(0)
    network, image = build(plan(), CPU, inplace=False), torch.randn(1, *plan().input_shape)
    session = runtime.InferenceSession(
        export(network, (image,), [op.name for op in plan().ops]), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    with torch.inference_mode():
        torch.testing.assert_close(torch.from_numpy(found), network(image), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", [(1, 1, 1, 1), (0, 1, 0, 1)])
def test_padded_pixels_do_not_count_in_an_average(padding: tuple[int, int, int, int]) -> None:
    pool = leaf_module(AvgPool((3, 3), (2, 2), padding), inplace=False)
    ones = torch.ones(1, 2, 6, 6)
    torch.testing.assert_close(pool(ones), torch.ones_like(pool(ones)))


def test_a_shuffle_is_that_of_pytorch() -> None:
    image = torch.randn(2, 12, 3, 3)
    ours, theirs = leaf_module(ChannelShuffle(3), inplace=False), nn.ChannelShuffle(3)
    torch.testing.assert_close(ours(image), theirs(image))


def test_dilation_is_that_of_pytorch() -> None:
    conv = Conv2d(4, 4, (3, 3), padding=(2, 2, 3, 3), groups=4, dilation=(2, 3))
    module = leaf_module(conv, inplace=False)
    assert isinstance(module, nn.Conv2d)
    assert (module.dilation, module(torch.randn(1, 4, 9, 9)).shape[2:]) == ((2, 3), (9, 9))

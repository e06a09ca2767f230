"""The ops of other people's tables, built: counted by fvcore, trained, folded, and the same in onnxruntime."""

from __future__ import annotations

from typing import Final

import pytest
import torch
from torch import nn

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.ops import AvgPool, ChannelShuffle, Conv2d, Plan, PReLU
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.audit import audit_plan
from mbconv_cli.pytorch.built_network import build, settle
from mbconv_cli.pytorch.folding import fold_network
from mbconv_cli.pytorch.modules import leaf_module
from mbconv_cli.spec.loader import load_text

CPU: Final = torch.device("cpu")
TABLE: Final = """
input: {channels: 3, resolution: [65, 62]}
activation: prelu
norm: {scale: false}
stem: {kernel_size: 5x3, output_filters: 8, bias: true, norm: false}
blocks:
  - {type: pool, pooling: average, kernel_size: 3, stride: 2, padding: same}
  - {kernel_size: 3, expand_ratio: 2, expand_groups: 2, channel_shuffle: true, output_filters: 8, dilation: 2}
  - {kernel_size: {mixed: [3, 5x3]}, mixed_shares: [3, 1], expand_ratio: 2, output_filters: 8, dilation: [1, 2]}
  - {type: skip}
  - {type: bottleneck, bottleneck_filters: 8, groups: 2, output_filters: 16, stride: 2, shortcut: pooled_projection}
  - {type: bottleneck, bottleneck_filters: 8, output_filters: 24, shortcut_norm: false}
  - {type: fused_mbconv, kernel_size: 3, expand_ratio: 1, unit_kernel_size: 1, output_filters: 16, padding: same}
  - {type: fused_mbconv, kernel_size: 3, expand_ratio: 2, stride: 2, stride_at: project, output_filters: 16}
  - {kernel_size: 3, expand_ratio: 2, group_size: 4, output_filters: 16, bias: true}
  - {type: pool, pooling: maximum, kernel_size: 2x1, stride: [2, 1], padding: same}
  - {type: conv, kernel_size: 1x3, groups: depthwise, padding: valid, output_filters: 16}
classifier: {num_classes: 5}
"""


def plan() -> Plan:
    return plan_loaded(load_text(TABLE, "x.yaml"))


def test_fvcore_counts_as_much() -> None:
    found = plan()
    kinds = {type(op.kind) for op in found.ops}
    assert {PReLU, AvgPool, ChannelShuffle} <= kinds
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
    session = runtime.InferenceSession(export(network, plan(), image), providers=["CPUExecutionProvider"])
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

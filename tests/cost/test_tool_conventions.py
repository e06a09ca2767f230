"""How other tools count, in closed form: figures worked out by hand."""

from __future__ import annotations

from typing import get_args

import pytest

from mbconv_cli.cost.tool_conventions import FVCORE, PTFLOPS, THOP, TOOLS, TORCHINFO, Form, Tool, differences
from mbconv_cli.plan.op_kinds import BatchNorm, ClosedKind, Conv2d, GlobalAvgPool, GroupNorm, Linear, MaxPool
from mbconv_cli.plan.ops import Op, Value

CONV = Form("torch.nn.functional.conv2d", "torch.nn.modules.conv.Conv2d", leaf=True)
DERIVED_CONV = Form("torch.nn.functional.conv2d", "timm.layers.conv2d_same.Conv2dSame", leaf=True)
NORM = Form("torch.nn.functional.batch_norm", "torch.nn.modules.batchnorm.BatchNorm2d", leaf=True)
NORM_WITH_ACTIVATION = Form("torch.nn.functional.batch_norm", "timm.layers.norm_act.BatchNormAct2d", leaf=False)
POOL = Form("torch.nn.functional.adaptive_avg_pool2d", "torch.nn.modules.pooling.AdaptiveAvgPool2d", leaf=True)
POOL_FUNCTION = Form(
    "torch.nn.functional.adaptive_avg_pool2d", "torchvision.models.mobilenetv2.MobileNetV2", leaf=False
)
MEAN = Form("torch.Tensor.mean", "timm.layers.squeeze_excite.SqueezeExcite", leaf=False)
MAX_POOL = Form("torch.nn.functional.max_pool2d", "torch.nn.modules.pooling.MaxPool2d", leaf=True)
DERIVED_MAX_POOL = Form(
    "torch.nn.functional.max_pool2d", "mbconv_cli.pytorch.op_modules.pooling_modules.PaddedMaxPool2d", leaf=True
)


def op(kind: ClosedKind, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> Op:
    return Op(kind, (Value("input", input_shape),), Value("op", output_shape), "stem", "stem", "stem")


def convolution(*, bias: bool) -> Op:
    """8 x 3 x 3 x 3 weights on 16 pixels: 3,456 MACs, 128 elements out."""
    return op(Conv2d(3, 8, (3, 3), padding=(1, 1, 1, 1), bias=bias), (3, 4, 4), (8, 4, 4))


def norm() -> Op:
    return op(BatchNorm(8, 1e-5, 0.1), (8, 4, 4), (8, 4, 4))


def pool() -> Op:
    return op(GlobalAvgPool(keep_dims=False), (8, 4, 4), (8,))


def max_pool() -> Op:
    """192 elements in, 8 x 7 x 5 with the padding, 48 out."""
    return op(MaxPool((3, 3), (2, 2), (0, 1, 0, 1)), (8, 6, 4), (8, 3, 2))


def added(tool: Tool, op: Op, form: Form) -> list[int]:
    return [count for _, count in differences(tool, [(op, form)])]


@pytest.mark.parametrize("name", TOOLS)
def test_every_tool_has_a_line_for_every_kind_of_op(name: str) -> None:
    assert set(TOOLS[name].rules) == set(get_args(ClosedKind))


def test_fvcore_adds_norms_and_adaptive_pooling_but_no_means() -> None:
    assert added(FVCORE, convolution(bias=True), CONV) == []
    assert added(FVCORE, norm(), NORM_WITH_ACTIVATION) == [2 * 128]
    assert added(FVCORE, pool(), POOL) == [128]
    assert added(FVCORE, pool(), MEAN) == []
    assert added(FVCORE, max_pool(), MAX_POOL) == []


def test_ptflops_counts_pooling_modules_twice_and_overlooks_derived_classes() -> None:
    assert added(PTFLOPS, convolution(bias=True), CONV) == [128]
    assert added(PTFLOPS, convolution(bias=True), DERIVED_CONV) == [-3456]
    assert added(PTFLOPS, norm(), NORM) == [2 * 128]
    assert added(PTFLOPS, norm(), NORM_WITH_ACTIVATION) == []
    assert added(PTFLOPS, pool(), POOL) == [128, 128]
    assert added(PTFLOPS, pool(), POOL_FUNCTION) == [128]
    assert added(PTFLOPS, pool(), MEAN) == []
    assert added(PTFLOPS, max_pool(), MAX_POOL) == [192, 192]
    assert added(PTFLOPS, max_pool(), DERIVED_MAX_POOL) == [8 * 7 * 5]


def test_group_norm_is_counted_by_some() -> None:
    norm = op(GroupNorm(8, 2, 1e-5), (8, 4, 4), (8, 4, 4))
    form = Form("torch.nn.functional.group_norm", "torch.nn.modules.normalization.GroupNorm", leaf=True)
    assert [added(tool, norm, form) for tool in (FVCORE, PTFLOPS, TORCHINFO, THOP)] == [[640], [256], [16], []]


def test_torchinfo_adds_parameters_of_leaf_modules() -> None:
    linear = op(Linear(8, 10), (8,), (10,))
    assert added(TORCHINFO, convolution(bias=True), DERIVED_CONV) == [128]
    assert added(TORCHINFO, linear, Form("torch.nn.functional.linear", "anything", leaf=True)) == [10]
    assert added(TORCHINFO, norm(), NORM) == [2 * 8]
    assert added(TORCHINFO, norm(), NORM_WITH_ACTIVATION) == []


def test_thop_counts_a_norm_four_times_and_overlooks_derived_classes() -> None:
    assert added(THOP, convolution(bias=True), CONV) == []
    assert added(THOP, convolution(bias=False), DERIVED_CONV) == [-3456]
    assert added(THOP, norm(), NORM) == [4 * 128]
    assert added(THOP, pool(), POOL) == [128 + 8]


def test_the_same_words_are_summed_up_and_what_has_no_form_adds_nothing() -> None:
    assert differences(FVCORE, [(norm(), NORM), (pool(), POOL), (norm(), NORM), (norm(), None)]) == [
        ("batch norm, 2 an element", 4 * 128),
        ("average pooling, 1 an element in", 128),
    ]

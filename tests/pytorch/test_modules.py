"""One leaf module for each kind of op."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from torch import nn
from torch.nn import functional

from mbconv_cli.plan.op_kinds import (
    Activation,
    ActivationName,
    Add,
    AtenCall,
    AvgPool,
    BatchNorm,
    BlurPool,
    Border,
    ChannelScale,
    ChannelShuffle,
    ChannelSlice,
    Concat,
    ConditionalConv2d,
    Conv2d,
    GlobalAvgPool,
    GroupNorm,
    Kind,
    Linear,
    MaxPool,
    Multiply,
    MultiQueryAttention,
    PReLU,
)
from mbconv_cli.pytorch.modules import leaf_module
from mbconv_cli.pytorch.op_modules.convolution_modules import PaddedConv2d
from mbconv_cli.pytorch.op_modules.elementwise_modules import ACTIVATIONS

X = torch.linspace(-8, 8, 2 * 4 * 6 * 6).reshape(2, 4, 6, 6)
FACTORS = torch.rand(2, 4, 1, 1, generator=torch.Generator().manual_seed(0))

DEFINITIONS = {
    "relu": X.clamp(min=0),
    "relu6": X.clamp(0, 6),
    "leaky_relu": torch.where(X > 0, X, 0.01 * X),
    "elu": torch.where(X > 0, X, torch.exp(X) - 1),
    "mish": X * torch.tanh(torch.log(1 + torch.exp(X))),
    "tanh": 1 - 2 / (torch.exp(2 * X) + 1),
    "swish": X / (1 + torch.exp(-X)),
    "hard_swish": X * (X + 3).clamp(0, 6) / 6,
    "gelu": X * (1 + torch.erf(X / math.sqrt(2))) / 2,
    "sigmoid": 1 / (1 + torch.exp(-X)),
    "hard_sigmoid": (X + 3).clamp(0, 6) / 6,
}

KINDS: tuple[Kind, ...] = (
    Conv2d(4, 8, (3, 3)),
    ConditionalConv2d(4, 8, (3, 3), 2),
    BatchNorm(4, 1e-3, 0.01),
    GroupNorm(4, 2, 1e-3),
    Activation("swish"),
    PReLU(4),
    GlobalAvgPool(keep_dims=True),
    MaxPool((3, 3), (2, 2), (1, 1, 1, 1)),
    AvgPool((3, 3), (2, 2), (0, 1, 0, 1)),
    BlurPool(4, (3, 3), (2, 2), (1, 1, 1, 1)),
    ChannelShuffle(2),
    ChannelSlice(1, 3),
    Concat(),
    Linear(4, 8),
    Add(),
    Multiply(),
    ChannelScale(4),
    MultiQueryAttention(2, 4, 4),
)


def test_every_kind_of_op_has_a_module() -> None:
    """But for the open kind, which runs as the captured program has it."""
    assert {type(kind) for kind in KINDS} == set(get_args(Kind)) - {AtenCall}
    assert all(isinstance(leaf_module(kind, inplace=False), nn.Module) for kind in KINDS)


def test_every_activation_has_a_module_and_a_definition_here() -> None:
    assert set(ACTIVATIONS) == set(DEFINITIONS) == set(get_args(ActivationName))


@pytest.mark.parametrize("function", get_args(ActivationName))
@pytest.mark.parametrize("inplace", [False, True])
def test_activations_are_what_their_definition_says(function: ActivationName, inplace: bool) -> None:
    given = X.clone()
    output = leaf_module(Activation(function), inplace=inplace)(given)
    torch.testing.assert_close(output, DEFINITIONS[function])
    overwrites = inplace and function not in {"gelu", "tanh"}  # PyTorch has none in place
    assert (output.data_ptr() == given.data_ptr()) is overwrites
    torch.testing.assert_close(given, output if overwrites else X)


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize(("kind", "other", "expected"), [(Add(), X, 2 * X), (Multiply(), FACTORS, X * FACTORS)])
def test_sum_and_product(kind: Kind, other: torch.Tensor, expected: torch.Tensor, inplace: bool) -> None:
    given, untouched = X.clone(), other.clone()
    output = leaf_module(kind, inplace=inplace)(given, other)
    torch.testing.assert_close(output, expected)
    assert (output.data_ptr() == given.data_ptr()) is inplace
    assert torch.equal(other, untouched)


@pytest.mark.parametrize(("keep_dims", "shape"), [(True, (2, 4, 1, 1)), (False, (2, 4))])
def test_global_average_pool(keep_dims: bool, shape: tuple[int, ...]) -> None:
    output = leaf_module(GlobalAvgPool(keep_dims=keep_dims), inplace=False)(X)
    assert tuple(output.shape) == shape
    torch.testing.assert_close(output.flatten(), X.mean((2, 3)).flatten())


def test_a_convolution_has_all_that_its_op_says() -> None:
    conv = leaf_module(Conv2d(4, 8, (5, 3), (2, 1), (2, 2, 1, 1), groups=2, bias=True), inplace=True)
    assert type(conv) is nn.Conv2d
    assert (conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride) == (4, 8, (5, 3), (2, 1))
    assert (conv.padding, conv.groups, conv.bias is not None) == ((2, 1), 2, True)


@pytest.mark.parametrize("padding", [(0, 1, 0, 1), (1, 2, 1, 2), (1, 1, 0, 1), (3, 0, 2, 0)])
def test_a_convolution_padded_unevenly_pads_with_zeros_top_bottom_left_right(
    padding: tuple[int, int, int, int],
) -> None:
    conv = leaf_module(Conv2d(4, 4, (3, 3), (2, 2), padding, groups=4, bias=True), inplace=False)
    assert isinstance(conv, PaddedConv2d)
    top, bottom, left, right = padding
    padded = torch.zeros(2, 4, 6 + top + bottom, 6 + left + right)
    padded[:, :, top : top + 6, left : left + 6] = X
    torch.testing.assert_close(conv(X), functional.conv2d(padded, conv.weight, conv.bias, stride=2, groups=4))


def test_a_convolution_padded_unevenly_says_so_when_printed() -> None:
    conv = leaf_module(Conv2d(4, 8, (3, 3), (2, 2), (0, 1, 2, 3)), inplace=False)
    assert (
        str(conv)
        == "PaddedConv2d(4, 8, kernel_size=(3, 3), stride=(2, 2), dilation=(1, 1), groups=1, sides=(2, 3, 0, 1))"
    )


def test_a_linear_layer_without_bias() -> None:
    linear = leaf_module(Linear(4, 8, bias=False), inplace=False)
    assert isinstance(linear, nn.Linear)
    assert linear.bias is None


def test_max_pooling_pads_with_minus_infinity_also_on_one_side_only() -> None:
    pool = leaf_module(MaxPool((3, 3), (2, 2), (0, 1, 0, 1)), inplace=False)
    below_zero = -1 - torch.rand(1, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    padded = functional.pad(below_zero, (0, 1, 0, 1), value=-math.inf)
    torch.testing.assert_close(pool(below_zero), functional.max_pool2d(padded, 3, 2))
    assert torch.isfinite(pool(below_zero)).all()


@pytest.mark.parametrize(("border", "mode"), [("reflected", "reflect"), ("zero", "constant")])
def test_a_blur_is_a_binomial_mean_with_its_border(border: Border, mode: str) -> None:
    blur = leaf_module(BlurPool(4, (3, 2), (2, 1), (1, 1, 0, 1), border), inplace=False)
    padded = functional.pad(X, (0, 1, 1, 1), mode=mode)
    rows = (padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:])[:, :, ::2] / 4
    torch.testing.assert_close(blur(X), (rows[..., :-1] + rows[..., 1:]) / 2)
    assert list(blur.parameters()) == []


def test_slices_and_concatenation_undo_each_other() -> None:
    parts = [leaf_module(ChannelSlice(start, stop), inplace=False)(X) for start, stop in ((0, 1), (1, 4))]
    assert torch.equal(leaf_module(Concat(), inplace=False)(*parts), X)
    assert parts[1].data_ptr() == X[:, 1:].data_ptr(), "a slice is a view"

"""Several calls that are one op: attention with its views and copies, convolutions with their mixtures of kernels."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.op_kinds import AtenCall, ConditionalConv2d, MultiQueryAttention
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.capture.code_plans import plan_of_module

HEADS, KEY = 2, 4


class Attention(nn.Module):
    """8 channels of 2 x 2 pixels: as many pixels as a key has channels, so that shapes alone tell nothing."""

    def __init__(self, *, heads_first: bool = True, transposed: bool = True, causal: bool = False) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Conv2d(8, width, 1, bias=False) for width in (HEADS * KEY, KEY, KEY))
        self.heads_first, self.transposed, self.causal = heads_first, transposed, causal

    def forward(self, x: Tensor) -> Tensor:
        images, _, height, width = x.shape
        queries = self.query(x).flatten(2)
        split = (images, HEADS, KEY, -1) if self.heads_first else (images, KEY, HEADS, -1)
        of_heads = queries.reshape(split) if self.heads_first else queries.reshape(split).transpose(1, 2)
        keys = self.key(x).flatten(2).unsqueeze(1)
        keys = keys.transpose(2, 3).contiguous() if self.transposed else keys
        values = self.value(x).flatten(2).transpose(1, 2).unsqueeze(1)
        y = functional.scaled_dot_product_attention(of_heads.transpose(2, 3), keys, values, is_causal=self.causal)
        return y.transpose(2, 3).reshape(images, HEADS * KEY, height, width)


class Experts(nn.Module):
    """A kernel for each image, mixed of three."""

    def __init__(self) -> None:
        super().__init__()
        self.route, self.weight = nn.Linear(4, 3), nn.Parameter(torch.randn(3, 8 * 4 * 9))

    def forward(self, x: Tensor) -> Tensor:
        images = len(x)
        factors = torch.sigmoid(self.route(x.mean((2, 3))))
        kernels = torch.matmul(factors, self.weight).view(images * 8, 4, 3, 3)
        y = functional.conv2d(x.reshape(1, images * 4, *x.shape[2:]), kernels, padding=1, groups=images)
        return y.view(images, 8, *y.shape[2:])


def captured(module: nn.Module, image: Tensor) -> Plan:
    return plan_of_module(module.eval(), image)


def counted(module: nn.Module, image: Tensor) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(image)
    return int(counter.get_total_flops()) // 2


def test_attention_is_one_op() -> None:
    image = torch.randn(3, 8, 2, 2)
    plan = captured(Attention(), image)
    assert plan.ops[-1].kind == MultiQueryAttention(HEADS, KEY, KEY)
    assert len(plan.ops) == 4
    assert 3 * total(plan_costs(plan)).macs == counted(Attention(), image)


@pytest.mark.parametrize("settings", [{"heads_first": False}, {"transposed": False}, {"causal": True}])
def test_attention_of_the_same_shapes_that_computes_something_else_is_not(settings: dict[str, bool]) -> None:
    plan = captured(Attention(**settings), torch.randn(3, 8, 2, 2))
    assert not any(isinstance(op.kind, MultiQueryAttention) for op in plan.ops)
    assert any(isinstance(op.kind, AtenCall) for op in plan.ops)


@pytest.mark.parametrize("images", [1, 3])
def test_a_convolution_with_mixed_kernels_is_one_op(images: int) -> None:
    image = torch.randn(images, 4, 5, 5)
    plan = captured(Experts(), image)
    assert plan.ops[-1].kind == ConditionalConv2d(4, 8, (3, 3), 3, padding=(1, 1, 1, 1))
    costs = total(plan_costs(plan))
    assert costs.params == sum(parameter.numel() for parameter in Experts().parameters())
    assert images * costs.macs == counted(Experts(), image)

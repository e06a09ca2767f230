"""Several calls that are one op: attention with its views and copies, convolutions with their mixtures of kernels."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.op_kinds import (
    AtenCall,
    BlurPool,
    Border,
    ChannelShuffle,
    ConditionalConv2d,
    MultiQueryAttention,
    op_name,
)
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.capture.code_plans import plan_captured_as, plan_of_module

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


class Blur(nn.Module):
    """A fixed filter of each of 4 channels, with a stride behind a padding."""

    def __init__(self, *, mode: str = "reflect", trained: bool | None = None) -> None:
        super().__init__()
        self.mode = mode
        kernel = torch.full((4, 1, 3, 3), 1 / 9)
        if trained is not None:
            self.kernel = nn.Parameter(kernel, requires_grad=trained)
        else:
            self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x.relu(), (1, 1, 1, 1), mode=self.mode)
        return functional.conv2d(padded, self.kernel, stride=2, groups=4)


@pytest.mark.parametrize(("mode", "border"), [("reflect", "reflected"), ("constant", "zero")])
def test_a_fixed_filter_with_a_stride_is_a_blur(mode: str, border: Border) -> None:
    plan = captured(Blur(mode=mode), torch.randn(2, 4, 6, 6))
    assert [op.kind for op in plan.ops[1:]] == [BlurPool(4, (3, 3), (2, 2), (1, 1, 1, 1), border)]
    assert 2 * total(plan_costs(plan)).macs == counted(Blur(mode=mode), torch.randn(2, 4, 6, 6))
    assert total(plan_costs(plan)).params == 0


@pytest.mark.parametrize("trained", [True, False])
def test_a_convolution_with_a_parameter_is_none_though_it_is_frozen(trained: bool) -> None:
    plan = captured(Blur(trained=trained), torch.randn(2, 4, 6, 6))
    assert not any(isinstance(op.kind, BlurPool) for op in plan.ops)


def test_a_padding_of_another_kind_stays_an_op_of_its_own() -> None:
    plan = captured(Blur(mode="replicate"), torch.randn(2, 4, 6, 6))
    assert [op_name(op.kind) for op in plan.ops] == ["activation", "pad", "blur_pool"]


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


class Shuffled(nn.Module):
    """8 channels of 3 x 5 pixels, dealt out from 4 groups in one of many ways."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.conv, self.how = nn.Conv2d(4, 8, 1), how

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.how == "module":
            return torch.relu(nn.ChannelShuffle(4)(x))
        images, channels, height, width = x.shape
        grouped = x.view(images, 4, 2, height, width)
        match self.how:
            case "contiguous":
                y = grouped.transpose(1, 2).contiguous().view(images, channels, height, width)
            case "reshape":
                y = grouped.transpose(1, 2).reshape(images, channels, height, width)
            case "flatten":
                y = grouped.permute(0, 2, 1, 3, 4).flatten(1, 2)
            case "pixels turned":
                y = grouped.permute(0, 2, 1, 4, 3).reshape(images, channels, width, height)
            case "another shape":
                y = grouped.transpose(1, 2).contiguous().view(images, channels * height, width)
            case "rolled":
                y = grouped.roll(1, 1).reshape(images, channels, height, width)
            case _:
                raise ValueError(self.how)
        return torch.relu(y)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("how", ["contiguous", "reshape", "flatten", "module"])
def test_a_channel_shuffle_is_one_op_however_it_is_written(how: str, channels_last: bool) -> None:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    image, module = torch.randn(2, 4, 3, 5).to(memory_format=layout), Shuffled(how).to(memory_format=layout)
    plan = captured(module, image)
    assert [op.kind for op in plan.ops[1:2]] == [ChannelShuffle(4)]
    assert [op.output.shape for op in plan.ops] == [(8, 3, 5)] * 3
    dealt = module.conv(image)[:, [0, 2, 4, 6, 1, 3, 5, 7]]  # the first channel of every group, then the second
    assert torch.equal(module(image), torch.relu(dealt))
    with_views = plan_captured_as(plan, training=False, views=True)
    assert [op.kind for op in with_views.ops] == [op.kind for op in plan.ops]  # its views are a part of it


@pytest.mark.parametrize("how", ["pixels turned", "another shape", "rolled"])
def test_what_only_resembles_a_channel_shuffle_is_none(how: str) -> None:
    plan = captured(Shuffled(how), torch.randn(2, 4, 3, 5))
    assert not any(isinstance(op.kind, ChannelShuffle) for op in plan.ops)


class Halves(nn.Module):
    """The channels of an image in two halves, the second one first."""

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=1)
        return torch.cat([second, first], dim=1)


def test_slices_of_channels_have_the_role_of_what_changes_a_shape() -> None:
    plan = captured(Halves(), torch.randn(1, 4, 3, 5))
    assert [(op_name(op.kind), op.role) for op in plan.ops] == [
        ("channel_slice", "shape"),
        ("channel_slice", "shape"),
        ("concat", "shape"),
    ]


def test_views_within_attention_are_a_part_of_it() -> None:
    plan = captured(Attention(), torch.randn(3, 8, 2, 2))
    with_views = plan_captured_as(plan, training=False, views=True)
    assert [op_name(op.kind) for op in with_views.ops] == [op_name(op.kind) for op in plan.ops]

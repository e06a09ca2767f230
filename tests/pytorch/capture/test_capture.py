"""Modules as Plans: which op a call becomes, what it is called, what it costs, and what is said about weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.activation_memory import peak
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.plan.op_kinds import Activation, AtenCall, Conv2d, GlobalAvgPool, op_name
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.same_plans import same_computation, same_ops
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.capture.capture import captured_plan
from mbconv_cli.pytorch.capture.example_inputs import example_inputs
from mbconv_cli.pytorch.capture.exporting import export_module
from mbconv_cli.spec.code_reference import parse_inputs


def captured(module: nn.Module, *shapes: str, views: bool = False) -> Plan:
    inputs = example_inputs(parse_inputs(shapes), torch.device("cpu"))
    return captured_plan(export_module(module.eval(), inputs, "mine"), "mine", views=views).plan


class Block(nn.Module):
    """Two calls of its own and a module that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.conv(self.conv(x))) + x)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
        self.blocks = nn.Sequential(Block(), Block())
        self.head = nn.Linear(8, 5)
        self.unused = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.head(self.blocks(self.stem(x)).mean((2, 3)))
        return output


@pytest.fixture(scope="module")
def net() -> Plan:
    return captured(Net(), "2x3x16x16")


def test_ops_are_named_by_the_modules_that_call_them(net: Plan) -> None:
    assert [op.name for op in net.ops[:6]] == [
        "stem",
        "blocks.0.conv",
        "blocks.0.conv#2",
        "blocks.0.norm",
        "blocks.0.add",
        "blocks.0.relu",
    ]
    assert [(op.stage, op.block) for op in net.ops[1:3]] == [("blocks", "blocks.0")] * 2
    assert [block.operator for block in net.blocks] == ["Conv2d", "Block", "Block", "global_avg_pool", "Linear"]


def test_weights_that_are_read_twice_count_once_and_unused_ones_are_named(net: Plan) -> None:
    params = [cost.params for cost in plan_costs(net)]
    assert params[1:4] == [72, 0, 16]
    used = sum(parameter.numel() for name, parameter in Net().named_parameters() if not name.startswith("unused"))
    assert sum(params) == used
    assert any("4 parameters read by more than one op count once: blocks.0.conv.bias" in it for it in net.remarks)
    assert any("no op reads 2 parameters of 6 elements" in remark for remark in net.remarks)


def test_shapes_of_a_batch_count_once(net: Plan) -> None:
    assert (net.batch_size, net.input_shape, net.images(2), net.batched(2)) == (2, (2, 3, 16, 16), 1, (2, 3, 16, 16))
    assert peak(net).activations == 3 * 2 * 8 * 8 * 8


def test_a_built_network_is_captured_as_the_plan_that_it_was_built_from() -> None:
    plan = open_network("mobilenet-v3-small", resolution=64).plan
    again = captured(build(plan, torch.device("cpu")), "3x3x64x64")
    assert again.batch_size is None
    assert not same_computation(plan, again)  # other roles
    assert same_ops(plan, again)
    assert [op.name for op in again.ops] == [op.name for op in plan.ops]
    assert not same_ops(plan, open_network("mobilenet-v3-small-0.75", resolution=64).plan)


def test_padding_before_a_convolution_is_part_of_it() -> None:
    padded = captured(nn.Sequential(nn.ZeroPad2d((0, 1, 2, 3)), nn.Conv2d(3, 4, 3, 2)), "1x3x9x9")
    assert [op.kind for op in padded.ops] == [Conv2d(3, 4, (3, 3), (2, 2), (2, 3, 0, 1), bias=True)]
    assert padded.ops[0].output.shape == (4, 6, 4)


def test_a_pooling_that_is_flattened_gives_a_vector() -> None:
    plan = captured(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)), "1x3x8x8")
    assert plan.ops[0].kind == GlobalAvgPool(keep_dims=False)
    assert plan.ops[0].output.shape == (3,)


class Products(nn.Module):
    """All that multiplies, each call once."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv1d(4, 6, 3, groups=2)
        self.three = nn.Conv3d(1, 2, (1, 2, 3), dilation=2)
        self.up = nn.ConvTranspose2d(4, 6, 2, 2, groups=2)
        self.linear = nn.Linear(8, 5)
        self.weight = nn.Parameter(torch.randn(5, 8))

    def forward(self, x: Tensor) -> list[Tensor]:
        square = x @ x.transpose(-1, -2)
        return [
            self.one(x),
            self.three(x[:, None, None, :, :].expand(-1, -1, 3, -1, -1)),
            self.up(x[..., None]),
            self.linear(x),
            torch.bmm(x, x.transpose(1, 2)),
            torch.mm(x[0], x[0].T),
            torch.addmm(x[0, :, :4], x[0], x[0].T),
            torch.baddbmm(square, x, x.transpose(1, 2)),
            torch.einsum("bik,bjk->bij", x, x),
            torch.einsum("...ik,ok->...io", x, self.weight),
            nn.functional.scaled_dot_product_attention(x, x, x),
        ]


def test_products_are_counted_as_torch_counts_them() -> None:
    module = Products().eval()
    plan = captured(module, "2x4x8")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module.to("meta")(torch.zeros(2, 4, 8, device="meta"))  # it does not know the CPU's kernel of attention
    assert total(plan_costs(plan)).flops == counter.get_total_flops()
    assert not any(isinstance(op.kind, AtenCall) and op.kind.macs is None for op in plan.ops)


@pytest.mark.parametrize(("layer", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_recurrent_layers_use_every_matrix_in_every_step(layer: Any, gates: int) -> None:
    plan = captured(layer(6, 8, num_layers=2, bidirectional=True), "5x2x6")
    a_direction = [gates * 8 * (6 + 8), gates * 8 * (16 + 8)]
    assert total(plan_costs(plan)).macs == 5 * 2 * 2 * sum(a_direction)
    assert plan.ops[-1].role == "recurrent"


class Views(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        first, second = x.permute(0, 2, 1).chunk(2, dim=1)
        return nn.functional.dropout(first.reshape(2, -1), training=False) * second.reshape(2, -1)


def test_views_are_no_ops() -> None:
    plan = captured(Views(), "2x4x6")
    assert [op_name(op.kind) for op in plan.ops] == ["reshape", "reshape", "multiply"]  # of what does not lie in a row
    assert [op.inputs[0].shape for op in plan.ops[:2]] == [(2, 3, 4)] * 2


def test_views_are_ops_that_cost_nothing_where_they_are_asked_for() -> None:
    without, plan = (captured(Views(), "2x4x6", views=views) for views in (False, True))
    assert [op.name for op in plan.ops] == ["permute", "chunk", "reshape", "dropout", "reshape#2", "mul"]
    by_name = dict(zip((op.name for op in plan.ops), plan_costs(plan), strict=True))
    assert all(by_name[name] == Cost() for name in ("permute", "chunk", "dropout"))
    assert total(plan_costs(plan)) == total(plan_costs(without))
    assert peak(plan) == peak(without)
    assert plan.ops[0].output.shape == (2, 6, 4)


def test_a_view_has_the_path_of_its_module_and_no_name_of_another_op() -> None:
    layers = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    plan = captured(layers, "2x3x8x8", views=True)
    assert [(op.name, op.role) for op in plan.ops[2:]] == [("2.flatten", "shape"), ("3", "linear")]
    assert plan.batch_size is None  # of one image, as without
    assert [op.output.shape for op in plan.ops] == [(4, 8, 8), (4, 1, 1), (4,), (2,)]


class SumFromZero(nn.Module):
    """A loop over summands, as Python's `sum` has it, and one that begins in place."""

    def forward(self, x: Tensor) -> Tensor:
        y = sum([x.relu(), x.sigmoid()])
        assert isinstance(y, Tensor)
        y += 0
        return y * 1.0 + 1


def test_to_add_the_number_zero_is_no_op() -> None:
    plan = captured(SumFromZero(), "2x3x4x4")
    assert [op_name(op.kind) for op in plan.ops] == ["activation", "activation", "add", "mul", "add"]
    assert plan.ops[-1].kind == AtenCall("add", "other=1")


class Cumulative(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = torch.linalg.matrix_exp(x)
        return output


def test_a_call_without_a_formula_is_named() -> None:
    plan = captured(Cumulative(), "2x3x3")
    assert plan.remarks == (
        "warning: MACs are at least what is shown: linalg_matrix_exp (1 call) is in no table of MACs",
    )


class Conditional(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if x.sum() > 0 else x


def test_control_flow_that_depends_on_data_is_refused_with_its_line() -> None:
    line = Conditional.forward.__code__.co_firstlineno + 1
    with pytest.raises(InputError, match=rf"mine cannot be captured \(at .*test_capture.py:{line}\): .*data-dependent"):
        captured(Conditional(), "2")


def shapes(of: Sequence[Any]) -> list[int]:
    return [math.prod(one.shape) for one in of]


class TwoInputs(nn.Module):
    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return nn.functional.one_hot(ids, 4) * mask


def test_several_inputs_are_all_alive_and_read() -> None:
    plan = captured(TwoInputs(), "ids=2x5:int64", "mask=2x5x1")
    assert shapes(plan.inputs) == [10, 10]
    assert [value.name for value in plan.ops[-1].inputs] == ["one_hot", "input:mask"]


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (nn.LeakyReLU(), "leaky_relu"),
        (nn.LeakyReLU(0.2), None),
        (nn.ELU(), "elu"),
        (nn.ELU(alpha=2.0), None),
        (nn.Mish(inplace=True), "mish"),
        (nn.Tanh(), "tanh"),
        (nn.GELU(), "gelu"),
        (nn.GELU(approximate="tanh"), None),
        (nn.ReLU6(), "relu6"),
        (nn.Hardtanh(), None),
    ],
)
def test_an_activation_is_one_of_the_vocabulary_with_its_usual_constants_alone(
    module: nn.Module, function: str | None
) -> None:
    kind = captured(nn.Sequential(nn.Conv2d(3, 4, 1), module), "1x3x4x4").ops[1].kind
    assert (kind.function if isinstance(kind, Activation) else None) == function

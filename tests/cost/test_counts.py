"""Costs of ops by hand, in the project's one convention."""

from __future__ import annotations

import pytest

from mbconv_cli.cost.counts import Cost, cost_of, plan_costs, total
from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    BatchNorm,
    Conv2d,
    GlobalAvgPool,
    GroupNorm,
    Kind,
    Linear,
    Multiply,
)
from mbconv_cli.plan.ops import Op, Shape, Value
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.shapes import infer_shape
from mbconv_cli.spec.loader import load_text


def op(kind: Kind, *shapes: Shape) -> Op:
    inputs = tuple(Value(f"input{index}", shape) for index, shape in enumerate(shapes))
    return Op(kind, inputs, Value("op", infer_shape(kind, inputs)), "stem", "stem", "stem")


@pytest.mark.parametrize(
    ("made", "cost"),
    [
        # 3x3 from 3 to 8 channels, 4x4 to 2x2: 3*8*9 weights, each used for 4 pixels
        (op(Conv2d(3, 8, (3, 3), (2, 2), (1, 1, 1, 1)), (3, 4, 4)), Cost(216, 216 * 4, 216, 48 + 32)),
        (op(Conv2d(3, 8, (3, 3), (2, 2), (1, 1, 1, 1), bias=True), (3, 4, 4)), Cost(224, 216 * 4, 224, 48 + 32)),
        # depthwise: one 3x3 kernel a channel
        (op(Conv2d(8, 8, (3, 3), (1, 1), (1, 1, 1, 1), groups=8), (8, 5, 5)), Cost(72, 72 * 25, 72, 400)),
        # two groups of 4 to 6 channels, 1x1
        (op(Conv2d(8, 12, (1, 1), groups=2), (8, 5, 5)), Cost(48, 48 * 25, 48, 200 + 300)),
        # a kernel that is no square
        (op(Conv2d(2, 3, (1, 5), (1, 2)), (2, 4, 9)), Cost(30, 30 * 4 * 3, 30, 72 + 36)),
        (op(Linear(8, 10), (8,)), Cost(90, 80, 90, 18)),
        (op(Linear(8, 10, bias=False), (8,)), Cost(80, 80, 80, 18)),
        # scale and shift are trained, mean and variance are read
        (op(BatchNorm(8, 1e-5, 0.1), (8, 5, 5)), Cost(16, 0, 32, 400)),
        (op(GroupNorm(8, 2, 1e-5), (8, 5, 5)), Cost(16, 0, 16, 400)),
        (op(Activation("hard_swish"), (8, 5, 5)), Cost(activations=400)),
        (op(GlobalAvgPool(keep_dims=True), (8, 5, 5)), Cost(activations=208)),
        (op(GlobalAvgPool(keep_dims=False), (8, 5, 5)), Cost(activations=208)),
        (op(Add(), (8, 5, 5), (8, 5, 5)), Cost(activations=600)),
        (op(Multiply(), (8, 5, 5), (8, 1, 1)), Cost(activations=408)),
    ],
)
def test_one_op(made: Op, cost: Cost) -> None:
    assert cost_of(made) == cost


def test_flops_are_two_for_each_mac() -> None:
    assert Cost(macs=7).flops == 14


def test_bytes_read_weights_once_and_activations_for_every_image() -> None:
    assert Cost(params=5, weights=10, activations=100).bytes(batch_size=3, element_size=2) == (10 + 300) * 2


def test_totals_are_sums() -> None:
    assert total([]) == Cost()
    assert total([Cost(1, 2, 3, 4), Cost(10, 20, 30, 40)]) == Cost(11, 22, 33, 44)


def test_an_mbconv_block_by_hand() -> None:
    """8 channels at 4x4, expanded to 16, squeezed to 2, depthwise 3x3, projected to 8."""
    text = (
        "input: {resolution: 4, channels: 8}\n"
        "blocks: [{kernel_size: 3, output_filters: 8, expand_ratio: 2, se_ratio: 0.25}]\n"
    )
    costs = total(plan_costs(plan_loaded(load_text(text, "f.yaml"))))
    expand, depthwise, project, squeeze = 8 * 16, 16 * 9, 16 * 8, 2 * (16 * 2)
    norms, biases = 2 * (16 + 16 + 8), 2 + 16
    assert costs.params == expand + depthwise + project + squeeze + norms + biases
    assert costs.macs == (expand + depthwise + project) * 16 + squeeze
    assert costs.weights == costs.params + norms

"""What one op costs: parameters, MACs, and the elements it must read and write."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, assert_never

from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    AtenCall,
    AvgPool,
    BatchNorm,
    BlurPool,
    ChannelScale,
    ChannelShuffle,
    ChannelSlice,
    ClosedKind,
    Concat,
    ConditionalConv2d,
    Conv2d,
    GlobalAvgPool,
    GroupNorm,
    Linear,
    MaxPool,
    Multiply,
    MultiQueryAttention,
    PReLU,
)
from mbconv_cli.plan.ops import Op, Plan, Shape, Value
from mbconv_cli.units import FLOPS_PER_MAC


class Cost(NamedTuple):
    """Exact costs of an op, or of many.

    Attributes:
        params: trainable parameters.
        macs: multiply-accumulates of one image.
        weights: elements read besides the inputs: parameters and running statistics.
        activations: elements of inputs and outputs of one image.
    """

    params: int = 0
    macs: int = 0
    weights: int = 0
    activations: int = 0

    @property
    def flops(self) -> int:
        """Floating-point operations of one image: two per MAC."""
        return FLOPS_PER_MAC * self.macs

    def bytes(self, batch_size: int, element_size: int) -> int:
        """Bytes that must at least be moved for a batch, at `element_size` byte an element."""
        return (self.weights + batch_size * self.activations) * element_size


def cost_of(op: Op) -> Cost:
    """The cost of one op for one image.

    A convolution has out x in/groups x k_h x k_w weights and uses each once for every output pixel
    (Howard et al., arXiv:1704.04861, equations 2 to 5). Attention multiplies every query with every key, and every
    weight with a value. Mixing the kernels of experts multiplies each of their weights once, and a blur is a depthwise
    convolution without parameters.
    """
    output_shape = op.output.shape
    if isinstance(op.kind, ChannelSlice) or (isinstance(op.kind, AtenCall) and op.kind.view):
        return Cost()
    activations = math.prod(output_shape)
    for value in op.inputs:
        activations += math.prod(value.shape)
    if isinstance(op.kind, AtenCall):
        return Cost(op.kind.params, op.kind.macs or 0, op.kind.weights, activations + op.kind.more_outputs)
    params, macs, statistics = _count(op.kind, op.inputs, output_shape)
    return Cost(params, macs, params + statistics, activations)


def uncounted(plan: Plan) -> dict[str, int]:
    """The calls of ATen whose MACs no formula gives, with how often each occurs."""
    return Counter(op.kind.target for op in plan.ops if isinstance(op.kind, AtenCall) and op.kind.macs is None)


def plan_costs(plan: Plan) -> tuple[Cost, ...]:
    """The cost of each op, in the Plan's order."""
    return tuple([cost_of(op) for op in plan.ops])


def total(costs: Iterable[Cost]) -> Cost:
    """The sum of costs."""
    return Cost(*map(sum, zip(*costs, strict=True)))


def _count(kind: ClosedKind, inputs: tuple[Value, ...], output_shape: Shape) -> tuple[int, int, int]:
    """(params, MACs, running statistics) of a kind of op that reads these inputs and gives an output of this shape."""
    match kind:
        case Conv2d():
            per_pixel = (
                kind.out_channels * (kind.in_channels // kind.groups) * kind.kernel_size[0] * kind.kernel_size[1]
            )
            bias = kind.out_channels if kind.bias else 0
            return per_pixel + bias, per_pixel * (math.prod(output_shape) // kind.out_channels), 0
        case ConditionalConv2d():
            params, macs, _ = _count(kind.conv, inputs, output_shape)
            return kind.experts * params, macs + kind.experts * params, 0
        case BatchNorm():
            return (2 if kind.scale else 1) * kind.channels, 0, 2 * kind.channels
        case GroupNorm():
            return 2 * kind.channels, 0, 0
        case PReLU() | ChannelScale():
            return kind.channels, 0, 0
        case BlurPool():
            taps = math.prod(kind.kernel_size)
            return 0, taps * math.prod(output_shape), taps * kind.channels
        case MultiQueryAttention():
            queries, keys = (math.prod(value.shape[-2:]) for value in inputs[:2])
            return 0, kind.heads * queries * keys * (kind.key_filters + kind.value_filters), 0
        case Linear():
            weights = kind.in_features * kind.out_features
            vectors = math.prod(output_shape) // kind.out_features
            return weights + (kind.out_features if kind.bias else 0), weights * vectors, 0
        case (
            Activation()
            | GlobalAvgPool()
            | MaxPool()
            | AvgPool()
            | ChannelShuffle()
            | ChannelSlice()
            | Concat()
            | Add()
            | Multiply()
        ):
            return 0, 0, 0
        case _:
            assert_never(kind)

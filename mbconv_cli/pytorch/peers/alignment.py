"""Which calls of a module compute which op of a Plan: the n-th of a sort is the n-th of that sort."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    BlurPool,
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
from mbconv_cli.plan.ops import Op, Plan
from mbconv_cli.pytorch.peers.calls import EXPERTS_FUNCTION, Call
from mbconv_cli.pytorch.weights import convolutions_for

Pair: TypeAlias = tuple[Op | None, tuple[Call, ...]]
"""An op with the calls that compute it; no op, or no calls, where one side has more."""

# Sorts of ops, each with the functions that compute them.
SORTS: Final[tuple[tuple[tuple[type[Kind], ...], frozenset[str]], ...]] = (
    ((Conv2d, Linear, BlurPool), frozenset({"conv2d", "linear"})),
    ((ConditionalConv2d,), frozenset({EXPERTS_FUNCTION})),
    ((BatchNorm,), frozenset({"batch_norm"})),
    ((GroupNorm,), frozenset({"group_norm"})),
    (
        (Activation,),
        frozenset({"relu", "relu6", "hardtanh", "leaky_relu", "elu", "silu", "hardswish", "mish", "gelu", "tanh"})
        | frozenset({"sigmoid", "hardsigmoid"}),
    ),
    ((GlobalAvgPool,), frozenset({"adaptive_avg_pool2d", "mean"})),
    ((PReLU,), frozenset({"prelu"})),
    ((MaxPool,), frozenset({"max_pool2d"})),
    ((AvgPool,), frozenset({"avg_pool2d"})),
    ((ChannelShuffle,), frozenset({"channel_shuffle"})),
    ((ChannelSlice,), frozenset({"__getitem__"})),
    ((Concat,), frozenset({"cat"})),
    ((Add,), frozenset({"add"})),
    ((Multiply, ChannelScale), frozenset({"mul"})),
    ((MultiQueryAttention,), frozenset({"scaled_dot_product_attention"})),
)


def align(plan: Plan, calls: Sequence[Call]) -> tuple[tuple[Call, ...], ...]:
    """For each op of the Plan the calls that compute it; none where the module has more or fewer of its sort.

    They are one, or for a convolution in groups perhaps one for each group.
    """
    found: dict[str, tuple[Call, ...]] = {}
    for kinds, _ in SORTS:
        pairs = pair_up(plan, calls, kinds)
        if all(op is not None and members for op, members in pairs):
            found |= {op.name: members for op, members in pairs if op is not None}
    return tuple(found.get(op.name, ()) for op in plan.ops)


def pair_up(plan: Plan, calls: Sequence[Call], kinds: tuple[type[Kind], ...]) -> list[Pair]:
    """Ops of a sort and the calls that compute them, both in the order of execution."""
    functions = dict(SORTS)[kinds]
    members = [call for call in calls if call.short_name in functions]
    pairs: list[Pair] = []
    position = 0
    for op in plan.ops:
        if not isinstance(op.kind, kinds):
            continue
        count = _calls_for(op.kind, members[position]) if position < len(members) else 1
        pairs.append((op, tuple(members[position : position + count])))
        position += count
    return pairs + [(None, (call,)) for call in members[position:]]


def weight_shape(kind: BlurPool | Conv2d | ConditionalConv2d | Linear | BatchNorm) -> tuple[int, ...]:
    """The shape of an op's weights, as PyTorch stores them."""
    match kind:
        case Conv2d():
            return (kind.out_channels, kind.in_channels // kind.groups, *kind.kernel_size)
        case ConditionalConv2d():
            return (kind.experts, math.prod(weight_shape(kind.conv)))
        case BlurPool():
            return (kind.channels, 1, *kind.kernel_size)
        case Linear():
            return (kind.out_features, kind.in_features)
        case BatchNorm():
            return (kind.channels,)


def _calls_for(kind: Kind, first: Call) -> int:
    if not isinstance(kind, Conv2d) or "weight" not in first.weights:
        return 1
    return convolutions_for(kind.groups, weight_shape(kind), first.weights["weight"].shape)

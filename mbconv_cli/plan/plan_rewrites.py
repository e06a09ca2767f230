"""Plan -> Plan: the same network with some of its ops left out, or folded into others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from mbconv_cli.plan.op_kinds import Activation, BatchNorm, ChannelSlice, Concat, Conv2d, GroupNorm
from mbconv_cli.plan.ops import Op, Plan, Value


def without_norm_and_activation(plan: Plan) -> Plan:
    """The Plan with neither norms nor activations: who read one reads what it read."""
    return _without(plan, {op.name for op in plan.ops if isinstance(op.kind, BatchNorm | GroupNorm | Activation)})


def fold_norm(plan: Plan) -> Plan:
    """The Plan without the batch norms that `folded_norms` names; their convolutions have a bias instead."""
    folded = folded_norms(plan)
    convolutions = set(folded.values())
    return _without(
        replace(plan, ops=tuple(_with_bias(op) if op.name in convolutions else op for op in plan.ops)), set(folded)
    )


def folded_norms(plan: Plan) -> dict[str, str]:
    """The batch norms that can be folded, each with the convolution before it, of which it is the only reader.

    Both are linear for fixed statistics, so one convolution with a bias computes what they do together
    (Jacob et al., arXiv:1712.05877, section 3.2, equation 14).
    """
    convolutions = {op.name for op in plan.ops if isinstance(op.kind, Conv2d)}
    readers = Counter(value.name for op in plan.ops for value in op.inputs)
    return {
        op.name: op.inputs[0].name
        for op in plan.ops
        if isinstance(op.kind, BatchNorm) and op.inputs[0].name in convolutions and readers[op.inputs[0].name] == 1
    }


def joined_groups(plan: Plan) -> Plan:
    """The Plan with one convolution in groups for so many convolutions of equal parts of one value's channels.

    Libraries without grouped convolutions slice the channels, convolve each part and concatenate (MixNet's
    pointwise convolutions, Tan and Le, arXiv:1907.09595): the same products of the same numbers.
    """
    by_name = {op.name: op for op in plan.ops}
    readers = Counter(value.name for op in plan.ops for value in op.inputs)
    joined = {op.name: group for op in plan.ops if (group := _grouped(op, by_name, readers))}
    parts = {part.name for group in joined.values() for part in group.parts}
    ops = (joined[op.name].whole if op.name in joined else op for op in plan.ops if op.name not in parts)
    return replace(plan, ops=tuple(ops))


class _Group(NamedTuple):
    """A convolution in groups, and the slices and convolutions that it stands for."""

    whole: Op
    parts: tuple[Op, ...]


def _grouped(op: Op, by_name: Mapping[str, Op], readers: Mapping[str, int]) -> _Group | None:
    """What a concatenation comes to, if all that it reads are alike convolutions of equal parts of one value."""
    convolutions = [by_name.get(value.name) for value in op.inputs] if isinstance(op.kind, Concat) else []
    slices = [by_name.get(one.inputs[0].name) if one else None for one in convolutions]
    parts = tuple(one for one in (*slices, *convolutions) if one and readers[one.name] == 1)
    first = convolutions[0] if convolutions else None
    if first is None or not isinstance(first.kind, Conv2d) or len(parts) < 2 * len(convolutions):
        return None
    ranges = [(one.kind.start, one.kind.stop) for one in parts if isinstance(one.kind, ChannelSlice)]
    width, count = first.kind.in_channels, len(convolutions)
    whole = parts[0].inputs[0]
    of_one = {one.inputs[0] for one in parts[:count]} == {whole} and width * count == whole.shape[-3]
    if not of_one or ranges != [(width * i, width * (i + 1)) for i in range(count)]:
        return None
    if any(one.kind != first.kind for one in parts[count:]):
        return None
    kind = replace(
        first.kind, in_channels=width * count, out_channels=first.kind.out_channels * count,
        groups=first.kind.groups * count,
    )  # fmt: skip
    return _Group(op._replace(kind=kind, inputs=(whole,)), parts)


def _with_bias(op: Op) -> Op:
    assert isinstance(op.kind, Conv2d)
    return op._replace(kind=replace(op.kind, bias=True))


def _without(plan: Plan, names: set[str]) -> Plan:
    """The Plan without ops of one input: who read one reads what it read."""
    standing_for: dict[str, Value] = {}
    ops: list[Op] = []
    for op in plan.ops:
        inputs = tuple(standing_for.get(value.name, value) for value in op.inputs)
        if op.name in names:
            standing_for[op.name] = inputs[0]
        else:
            ops.append(op._replace(inputs=inputs))
    return replace(plan, ops=tuple(ops))

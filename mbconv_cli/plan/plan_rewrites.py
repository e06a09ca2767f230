"""Plan -> Plan: the same network with some of its ops left out, or folded into others."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from mbconv_cli.plan.ops import Activation, BatchNorm, Conv2d, Op, Plan, Value


def without_norm_and_activation(plan: Plan) -> Plan:
    """The Plan with neither norms nor activations: who read one reads what it read."""
    return _without(plan, {op.name for op in plan.ops if isinstance(op.kind, BatchNorm | Activation)})


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

"""Plan -> Plan: the same network with some of its ops left out."""

from __future__ import annotations

from dataclasses import replace

from mbconv_cli.plan.ops import Activation, BatchNorm, Op, Plan, Value


def without_norm_and_activation(plan: Plan) -> Plan:
    """The Plan with neither norms nor activations: who read one reads what it read."""
    standing_for: dict[str, Value] = {}
    ops: list[Op] = []
    for op in plan.ops:
        inputs = tuple(standing_for.get(value.name, value) for value in op.inputs)
        if isinstance(op.kind, BatchNorm | Activation):
            standing_for[op.name] = inputs[0]
        else:
            ops.append(op._replace(inputs=inputs))
    return replace(plan, ops=tuple(ops))

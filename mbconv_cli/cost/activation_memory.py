"""How much memory a Plan needs at the least."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mbconv_cli.cost.counts import Cost, total
from mbconv_cli.plan.liveness import dying_inputs
from mbconv_cli.plan.op_kinds import AtenCall
from mbconv_cli.plan.ops import Op, Plan


@dataclass(frozen=True, slots=True)
class Peak:
    """The most elements of activations alive at once in a forward pass of one image, and the op at which."""

    activations: int
    op: str


def alive_activations(plan: Plan) -> tuple[int, ...]:
    """For each op, the elements of one image's activations alive while it runs, its inputs and output included.

    Every op is taken to write a new tensor; what works in place needs less.
    """
    alive = {value.name: math.prod(value.shape) for value in plan.inputs}
    now = sum(alive.values())
    elements: list[int] = []
    for op, dying in zip(plan.ops, dying_inputs(plan), strict=True):
        written = alive[op.output.name] = _written(op)
        now += written
        elements.append(now)
        for name in dying:
            now -= alive.pop(name)
    return tuple(elements)


def peak(plan: Plan) -> Peak:
    """Where the activations of one image take the most memory."""
    alive = alive_activations(plan)
    most = max(alive)
    return Peak(most, plan.ops[alive.index(most)].name)


def alive_bytes(plan: Plan, batch_size: int, element_size: int) -> tuple[int, ...]:
    """For each op, the bytes of a batch's activations alive while it runs."""
    return tuple(plan.images(batch_size) * elements * element_size for elements in alive_activations(plan))


def training_bytes(plan: Plan, costs: Sequence[Cost], batch_size: int, element_size: int) -> int:
    """Bytes of all weights, the gradients of the trainable ones, and every activation of a batch.

    Autograd keeps what backward reads; op by op, all activations are kept until their op has gone backward.
    """
    whole = total(costs)
    activations = sum(math.prod(value.shape) for value in plan.inputs) + sum(map(_written, plan.ops))
    return (whole.weights + whole.params + plan.images(batch_size) * activations) * element_size


def forward_bytes(plan: Plan, costs: Sequence[Cost], batch_size: int, element_size: int) -> int:
    """Bytes of all weights, and of the activations at their peak, in a forward pass of a batch."""
    return (total(costs).weights + plan.images(batch_size) * peak(plan).activations) * element_size


def _written(op: Op) -> int:
    """Elements of all that an op writes: nothing where it gives a view."""
    match op.kind:
        case AtenCall(view=True):
            return 0
        case AtenCall(more_outputs=more):
            return math.prod(op.output.shape) + more
        case _:
            return math.prod(op.output.shape)

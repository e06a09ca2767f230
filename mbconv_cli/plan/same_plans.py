"""When two Plans are one: the same ops under the same names, or the same ops whatever they are called."""

from __future__ import annotations

from dataclasses import replace

from mbconv_cli.plan.op_kinds import Add, BatchNorm, ChannelSlice, Conv2d, GlobalAvgPool, Kind, Linear
from mbconv_cli.plan.ops import Op, Plan, Shape, Value


def same_computation(one: Plan, other: Plan) -> bool:
    """Whether two networks run the same ops under the same names on the same input.

    What the networks and their blocks are called does not count: `expand_ratio: 6` and the `expanded_filters` that
    it comes to are one computation.
    """
    return (one.input_shape, one.ops) == (other.input_shape, other.ops)


def same_ops(one: Plan, other: Plan) -> bool:
    """Whether two networks run the same ops on the same input, whatever the ops are called and grouped by.

    A sum is the same in either order of its inputs, a 1x1 convolution of one pixel is a linear layer and its norm a
    vector's, and the momentum
    of a norm's running statistics, which no forward pass reads, does not count.
    """
    return _unnamed(one) == _unnamed(other)


def same_graph(one: Plan, other: Plan) -> bool:
    """As `same_ops`, in whichever order the branches of a block run: a shortcut before the sum's other side or after.

    Both Plans are put in one order, from the output back, and then compared op by op.
    """
    return same_ops(in_graph_order(one), in_graph_order(other))


def first_difference(one: Plan, other: Plan) -> Op:
    """Of two Plans that are not of one graph, the first op of the one that the other has not at its place."""
    ordered = in_graph_order(one)
    pairs = zip(_unnamed(ordered)[2], _unnamed(in_graph_order(other))[2], strict=False)
    alike = next((index for index, (mine, theirs) in enumerate(pairs) if mine != theirs), 0)
    return [op for op in ordered.ops if not isinstance(op.kind, ChannelSlice)][alike]


def in_graph_order(plan: Plan) -> Plan:
    """The Plan with its ops in an order that follows from what they read alone; ops that nobody reads come last."""
    makers = {op.name: op for op in plan.ops}
    digests: dict[str, int] = {value.name: hash((-1, index)) for index, value in enumerate(plan.inputs)}
    for op in plan.ops:
        digests[op.name] = hash((_forward_kind(op), tuple(digests[value.name] for value in _ordered(op, digests))))
    ordered: dict[str, Op] = {}
    for root in (plan.ops[-1], *plan.ops):
        stack = [root]
        while stack:
            op = stack[-1]
            missing = [v.name for v in _ordered(op, digests) if v.name in makers and v.name not in ordered]
            if missing:
                stack.append(makers[missing[0]])
            else:
                ordered.setdefault(stack.pop().name, op)
    return replace(plan, ops=tuple(ordered.values()))


def _ordered(op: Op, digests: dict[str, int]) -> list[Value]:
    """What an op reads; of a sum in an order that does not depend on how it was written."""
    return sorted(op.inputs, key=lambda value: digests[value.name]) if isinstance(op.kind, Add) else list(op.inputs)


def _unnamed(plan: Plan) -> tuple[int | None, tuple[Shape, ...], tuple[object, ...]]:
    """The Plan with every name replaced by its place in the running order; slices, which move nothing, have none."""
    places: dict[str, tuple[int, ...]] = {value.name: (-1 - index,) for index, value in enumerate(plan.inputs)}
    ops: list[object] = []
    for op in plan.ops:
        if isinstance(op.kind, ChannelSlice):
            places[op.name] = (*places[op.inputs[0].name], op.kind.start, op.kind.stop)
            continue
        inputs = [(places[value.name], _without_one_pixel(value.shape)) for value in op.inputs]
        ordered = sorted(inputs) if isinstance(op.kind, Add) else inputs
        ops.append((_forward_kind(op), tuple(ordered), _without_one_pixel(op.output.shape)))
        places[op.name] = (len(ops) - 1,)
    return (plan.batch_size, tuple(value.shape for value in plan.inputs), tuple(ops))


def _without_one_pixel(shape: Shape) -> Shape:
    """A feature map of one pixel as the vector that it is."""
    return shape[:-2] if len(shape) > 2 and shape[-2:] == (1, 1) else shape


def _forward_kind(op: Op) -> Kind:
    """What an op computes in a forward pass, the same for a vector and for a feature map of one pixel."""
    match op.kind:
        case Conv2d(groups=1, kernel_size=(1, 1), padding=(0, 0, 0, 0)) if op.inputs[0].shape[-2:] == (1, 1):
            return Linear(op.kind.in_channels, op.kind.out_channels, op.kind.bias)
        case GlobalAvgPool():
            return GlobalAvgPool(keep_dims=True)
        case BatchNorm():
            return replace(op.kind, momentum=0.0, spatial=True)
        case _:
            return op.kind

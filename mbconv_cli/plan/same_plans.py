"""When two Plans are one: the same ops under the same names, or the same ops whatever they are called."""

from __future__ import annotations

from dataclasses import replace

from mbconv_cli.plan.ops import Add, BatchNorm, ChannelSlice, Conv2d, GlobalAvgPool, Kind, Linear, Op, Plan, Shape


def same_computation(one: Plan, other: Plan) -> bool:
    """Whether two networks run the same ops under the same names on the same input.

    What the networks and their blocks are called does not count: `expand_ratio: 6` and the `expanded_filters` that
    it comes to are one computation.
    """
    return (one.input_shape, one.ops) == (other.input_shape, other.ops)


def same_ops(one: Plan, other: Plan) -> bool:
    """Whether two networks run the same ops on the same input, whatever the ops are called and grouped by.

    A sum is the same in either order of its inputs, a 1x1 convolution of one pixel is a linear layer, and the momentum
    of a norm's running statistics, which no forward pass reads, does not count.
    """
    return _unnamed(one) == _unnamed(other)


def _unnamed(plan: Plan) -> tuple[object, ...]:
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
            return replace(op.kind, momentum=0.0)
        case _:
            return op.kind

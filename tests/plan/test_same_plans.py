"""When two Plans compute the same, whatever their ops are called: the order of a sum, one pixel, groups, momentum."""

from __future__ import annotations

from dataclasses import replace

from mbconv_cli.plan.op_kinds import Add, BatchNorm, ChannelSlice, Concat, Conv2d, Kind, Linear
from mbconv_cli.plan.ops import Op, Plan, Value
from mbconv_cli.plan.plan_rewrites import joined_groups
from mbconv_cli.plan.same_plans import same_ops

IMAGE = Value("input", (4, 8, 8))


def op(name: str, kind: Kind, inputs: list[Value], shape: tuple[int, ...]) -> Op:
    return Op(kind, tuple(inputs), Value(name, shape), "stem", "stem", "stem")


def plan(*ops: Op) -> Plan:
    return Plan("a", IMAGE.shape, ops, ())


def test_names_the_order_of_a_sum_and_momentum_do_not_count() -> None:
    def network(prefix: str, momentum: float, *, swapped: bool) -> Plan:
        norm = op(f"{prefix}.norm", BatchNorm(4, 1e-5, momentum), [IMAGE], IMAGE.shape)
        summed = [norm.output, IMAGE][:: -1 if swapped else 1]
        return plan(norm, op(f"{prefix}.add", Add(), summed, IMAGE.shape))

    one, other = network("a", 0.1, swapped=False), network("b", 0.01, swapped=True)
    assert same_ops(one, other)
    eps = replace(one, ops=(one.ops[0]._replace(kind=BatchNorm(4, 1e-3, 0.1)), one.ops[1]))
    assert not same_ops(one, eps)


def test_a_convolution_of_one_pixel_is_a_linear_layer() -> None:
    pixel, vector = Value("input", (4, 1, 1)), Value("input", (4,))
    convolution = Plan("a", pixel.shape, (op("c", Conv2d(4, 6, (1, 1), bias=True), [pixel], (6, 1, 1)),), ())
    linear = Plan("b", vector.shape, (op("l", Linear(4, 6), [vector], (6,)),), ())
    assert convolution.ops[0].kind != linear.ops[0].kind
    assert not same_ops(convolution, linear)  # their inputs differ
    assert same_ops(convolution, replace(linear, input_shape=pixel.shape))


def test_a_convolution_for_each_group_is_joined() -> None:
    slices = [op(f"s{i}", ChannelSlice(2 * i, 2 * i + 2), [IMAGE], (2, 8, 8)) for i in range(2)]
    parts = [op(f"c{i}", Conv2d(2, 3, (1, 1)), [one.output], (3, 8, 8)) for i, one in enumerate(slices)]
    apart = plan(*slices, *parts, op("cat", Concat(), [one.output for one in parts], (6, 8, 8)))
    whole = plan(op("c", Conv2d(4, 6, (1, 1), groups=2), [IMAGE], (6, 8, 8)))
    assert not same_ops(apart, whole)
    assert same_ops(joined_groups(apart), whole)
    unequal = replace(apart, ops=(*slices, parts[0], parts[1]._replace(kind=Conv2d(2, 3, (3, 3))), apart.ops[-1]))
    assert joined_groups(unequal) == unequal

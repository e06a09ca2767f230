"""What each op gives for what it is given, and what it refuses."""

from __future__ import annotations

import itertools

import pytest

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
from mbconv_cli.plan.ops import Shape, Value
from mbconv_cli.plan.shapes import ShapeError, infer_shape, same_padding


def shape_of(kind: Kind, *shapes: Shape) -> Shape:
    return infer_shape(kind, [Value(f"input{index}", shape) for index, shape in enumerate(shapes)])


@pytest.mark.parametrize(
    ("kind", "inputs", "output"),
    [
        (Conv2d(3, 8, (3, 3), (2, 2), (1, 1, 1, 1)), [(3, 224, 224)], (8, 112, 112)),
        (Conv2d(3, 8, (3, 3), (2, 2), (0, 1, 0, 1)), [(3, 224, 224)], (8, 112, 112)),
        (Conv2d(3, 8, (3, 3)), [(3, 7, 3)], (8, 5, 1)),
        (Conv2d(4, 8, (1, 5), (3, 1), (0, 0, 2, 2), groups=4), [(4, 7, 3)], (8, 3, 3)),
        (BatchNorm(8, 1e-5, 0.1), [(8, 5, 7)], (8, 5, 7)),
        (GroupNorm(8, 2, 1e-5), [(8, 5, 7)], (8, 5, 7)),
        (GroupNorm(8, 4, 1e-5), [(8,)], (8,)),
        (Activation("relu"), [(8, 5, 7)], (8, 5, 7)),
        (Activation("relu"), [(8,)], (8,)),
        (GlobalAvgPool(keep_dims=True), [(8, 5, 7)], (8, 1, 1)),
        (GlobalAvgPool(keep_dims=False), [(8, 5, 7)], (8,)),
        (Linear(8, 10), [(8,)], (10,)),
        (Add(), [(8, 5, 7), (8, 5, 7)], (8, 5, 7)),
        (Multiply(), [(8, 5, 7), (8, 1, 1)], (8, 5, 7)),
    ],
)
def test_output_shape(kind: Kind, inputs: list[Shape], output: Shape) -> None:
    assert shape_of(kind, *inputs) == output


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        (Conv2d(3, 8, (3, 3)), [(4, 7, 7)]),
        (Conv2d(3, 8, (3, 3)), [(3,)]),
        (BatchNorm(8, 1e-5, 0.1), [(4, 7, 7)]),
        (BatchNorm(8, 1e-5, 0.1), [(8,)]),
        (GroupNorm(8, 2, 1e-5), [(4, 7, 7)]),
        (GlobalAvgPool(keep_dims=True), [(8,)]),
        (Linear(8, 10), [(4,)]),
        (Linear(8, 10), [(8, 1, 1)]),
        (Add(), [(8, 5, 7), (8, 7, 5)]),
        (Add(), [(8, 5, 7), (8, 1, 1)]),
        (Add(), [(8, 5, 7)]),
        (Multiply(), [(8, 5, 7), (4, 1, 1)]),
        (Multiply(), [(8, 1, 1), (8, 5, 7)]),
    ],
)
def test_inputs_that_do_not_fit(kind: Kind, inputs: list[Shape]) -> None:
    with pytest.raises(ShapeError, match="cannot take"):
        shape_of(kind, *inputs)


def test_groups_that_do_not_divide_the_channels() -> None:
    with pytest.raises(ShapeError, match="6 channels in and 8 out do not divide into 4 groups"):
        shape_of(Conv2d(6, 8, (1, 1), groups=4), (6, 5, 5))


@pytest.mark.parametrize("shape", [(3, 2, 9), (3, 9, 2)])
def test_a_kernel_larger_than_its_input(shape: Shape) -> None:
    what = f"a {shape[1]}x{shape[2]} feature map shrinks below one pixel under a 3x3 kernel"
    with pytest.raises(ShapeError, match=what):
        shape_of(Conv2d(3, 8, (3, 3)), shape)


@pytest.mark.parametrize(
    ("size", "kernel_size", "stride", "padding"),
    [
        (224, 3, 2, (0, 1)),
        (225, 3, 2, (1, 1)),
        (224, 7, 2, (2, 3)),
        (9, 5, 3, (1, 1)),
        (8, 2, 4, (0, 0)),
        (7, 3, 1, (1, 1)),
        (7, 2, 1, (0, 1)),
        (5, 1, 2, (0, 0)),
        (1, 5, 1, (2, 2)),
        (1, 3, 2, (1, 1)),
    ],
)
def test_same_padding_as_tensorflow_pads(size: int, kernel_size: int, stride: int, padding: tuple[int, int]) -> None:
    assert same_padding(size, kernel_size, stride) == padding


@pytest.mark.parametrize("stride", range(1, 5))
def test_same_padding_gives_as_many_pixels_as_there_are_steps(stride: int) -> None:
    for size, kernel_size in itertools.product(range(1, 20), range(1, 8)):
        before, after = same_padding(size, kernel_size, stride)
        conv = Conv2d(1, 1, (kernel_size, kernel_size), (stride, stride), (before, after, before, after))
        steps = -(-size // stride)
        assert shape_of(conv, (1, size, size)) == (1, steps, steps)
        assert after - before in (0, 1)


@pytest.mark.parametrize(("groups", "shape", "said"), [(3, (8, 5, 7), "do not divide"), (8, (8, 1, 1), "of one value")])
def test_groups_of_a_norm_hold_equally_many_channels_and_more_than_one_value(
    groups: int, shape: Shape, said: str
) -> None:
    with pytest.raises(ShapeError, match=said):
        shape_of(GroupNorm(8, groups, 1e-5), shape)

"""How many pixels of the image a pixel of the last feature map sees, and how far apart its neighbours look.

Araujo et al., "Computing receptive fields of convolutional neural networks", Distill 2019, equations 2 and 3. Squeeze-
and-excitation sees the whole image and is left out, as in the usual figure.
"""

from __future__ import annotations

from typing import NamedTuple

from mbconv_cli.plan.op_kinds import AvgPool, Conv2d, GlobalAvgPool, MaxPool, convolution_of
from mbconv_cli.plan.ops import INPUT, Op, Plan
from mbconv_cli.plan.shapes import spanned


class Sight(NamedTuple):
    """What a pixel of a feature map sees, each as (vertical, horizontal) pixels of the image."""

    field: tuple[int, int]
    stride: tuple[int, int]


def receptive_field(plan: Plan) -> Sight | None:
    """Of the last feature map before any global pooling; none where there is no such map."""
    sights = {INPUT: Sight((1, 1), (1, 1))}
    last: Sight | None = None
    for op in plan.ops:
        read = [sights[value.name] for value in op.inputs if value.name in sights]
        if not read or isinstance(op.kind, GlobalAvgPool) or len(op.output.shape) < 3:
            continue
        last = sights[op.name] = _seen(op, _union(read))
    return last


def _seen(op: Op, before: Sight) -> Sight:
    conv = convolution_of(op.kind)
    window = conv or op.kind
    if not isinstance(window, Conv2d | MaxPool | AvgPool):
        return before
    dilation = conv.dilation if conv else (1, 1)
    spans = (spanned(window.kernel_size[0], dilation[0]), spanned(window.kernel_size[1], dilation[1]))
    field = (
        before.field[0] + (spans[0] - 1) * before.stride[0],
        before.field[1] + (spans[1] - 1) * before.stride[1],
    )
    stride = (before.stride[0] * window.stride[0], before.stride[1] * window.stride[1])
    return Sight(field, stride)


def _union(sights: list[Sight]) -> Sight:
    """Of several inputs the widest field; their strides agree."""
    return Sight(
        (max(one.field[0] for one in sights), max(one.field[1] for one in sights)),
        sights[0].stride,
    )

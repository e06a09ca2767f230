"""Xception's block: pre-activated separable convolutions, max pooling instead of a stride, and a shortcut.

Chollet, arXiv:1610.02357, figure 5: between depthwise and 1x1 there is neither norm nor activation.
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, activate, add_shortcut, convolution, pool, style_of
from mbconv_cli.spec.residual_rows import Xception
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "Xception"


def plan_xception(block: BlockDraft, row: Xception, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops; the stride is the pooling's."""
    activation = row.activation or spec.activation
    style = style_of(spec, row)
    widens_at = 0 if row.widen == "first" else row.convolutions - 1
    y = x
    for index in range(row.convolutions):
        part = f"{index}."
        if index > 0 or row.first_activation:
            y = activate(block, "depthwise", y, activation, f"{part}activation")
        y = convolution(
            block,
            "depthwise",
            y,
            style,
            y.channels,
            kernel_size=row.kernel_size,
            dilation=place.dilation,
            groups=y.channels,
            norm=False,
            part=part,
        )
        filters = place.output_filters if index >= widens_at else x.channels
        y = convolution(block, "project", y, style, filters, part=part)
    if place.stride != (1, 1):
        y = pool(block, "project", y, "maximum", row.kernel_size, place.stride, style.padding)
    return add_shortcut(block, row, x, y, style, place.stride)


def describe_xception(row: Xception) -> str:
    """The type, and how many separable convolutions it has."""
    return f"{BLOCK_TYPE} {row.convolutions}"

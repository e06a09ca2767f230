"""Xception's block: pre-activated separable convolutions, a stride by max pooling or in the last one, and a shortcut.

Chollet, arXiv:1610.02357, figure 5: between depthwise and 1x1 there is neither norm nor activation. With a norm there,
and the stride in place of the pooling: Chen et al., arXiv:1802.02611, figure 4.
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, activate, add_shortcut, convolution, pool, style_of
from mbconv_cli.spec.residual_rows import Xception
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "Xception"


def plan_xception(block: BlockDraft, row: Xception, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops."""
    activation = row.activation or spec.activation
    style = style_of(spec, row)
    last = row.convolutions - 1
    widens_at = {"first": 0, "second": min(1, last), "last": last}[row.widen]
    pooled, stride = (place.stride, (1, 1)) if row.stride_at == "pooling" else ((1, 1), place.stride)
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
            stride=stride if index == last else (1, 1),
            dilation=place.dilation,
            groups=y.channels,
            norm=row.norm_between,
            part=part,
        )
        filters = place.output_filters if index >= widens_at else x.channels
        y = convolution(block, "project", y, style, filters, part=part)
    if pooled != (1, 1):
        y = pool(block, "project", y, "maximum", row.kernel_size, pooled, style.padding)
    return add_shortcut(block, row, x, y, style, place.stride)


def describe_xception(row: Xception) -> str:
    """The type, and how many separable convolutions it has."""
    return f"{BLOCK_TYPE} {row.convolutions}"

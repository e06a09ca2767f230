"""Bottleneck: 1x1 reduce, full convolution, 1x1 expand, squeeze-and-excitation, shortcut, activation.

He et al., arXiv:1512.03385, figure 5, with the stride in the middle convolution; SE as in Hu et al.,
arXiv:1709.01507, figure 3. The convolutions have the roles of what they do: `expand` widens, `project` narrows.
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, Widths, activate, add_shortcut, convolution, squeeze_excite, style_of
from mbconv_cli.plan.scaling import scale_filters
from mbconv_cli.spec.residual_rows import Bottleneck
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "Bottleneck"


def plan_bottleneck(block: BlockDraft, row: Bottleneck, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops."""
    activation = row.activation or spec.activation
    style = style_of(spec, row)
    narrow = scale_filters(row.bottleneck_filters, spec.scaling)
    widths = Widths(x.channels, narrow, place.output_filters)
    y = convolution(block, "project", x, style, narrow, activation=activation)
    y = convolution(
        block,
        "project",
        y,
        style,
        narrow,
        kernel_size=row.kernel_size,
        stride=place.stride,
        dilation=place.dilation,
        groups=row.groups,
        activation=activation,
        part="middle.",
    )
    if spec.se.place == "depthwise":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    y = convolution(block, "expand", y, style, place.output_filters)
    if spec.se.place == "project":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    y = add_shortcut(block, row, x, y, style, place.stride)
    return activate(block, "shortcut", y, activation, "sum_activation")


def describe_bottleneck(row: Bottleneck) -> str:
    """The type, and the channels of its narrow part."""
    return f"{BLOCK_TYPE} {row.bottleneck_filters}"

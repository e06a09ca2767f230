"""One convolution with norm and activation, as a row of a table."""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, add_shortcut, convolution, style_of
from mbconv_cli.spec.layer_rows import Conv
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "Conv"


def plan_conv(block: BlockDraft, row: Conv, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops; the one convolution has a role of its own, `convolution`."""
    style = style_of(spec, row)
    y = convolution(
        block,
        "convolution",
        x,
        style,
        place.output_filters,
        kernel_size=row.kernel_size,
        stride=place.stride,
        dilation=place.dilation,
        groups=x.channels if row.groups == "depthwise" else row.groups,
        norm=row.norm,
        activation=row.activation or spec.activation,
    )
    return add_shortcut(block, row, x, y, style, place.stride)


def describe_conv(_: Conv) -> str:
    """As EfficientNet's table 1 calls it, without kernel."""
    return BLOCK_TYPE

"""One convolution with norm and activation, as a row of a table."""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import add_shortcut, convolution
from mbconv_cli.spec.rows import Conv
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "Conv"


def plan_conv(
    block: BlockDraft, row: Conv, spec: Spec, x: Value, output_filters: int, stride: tuple[int, int]
) -> Value:
    """Add the block's ops; the one convolution has a role of its own, `convolution`."""
    y = convolution(
        block,
        "convolution",
        x,
        spec,
        output_filters,
        kernel_size=row.kernel_size,
        stride=stride,
        padding=row.padding,
        activation=row.activation or spec.activation,
    )
    return add_shortcut(block, row.shortcut, x, y, spec, stride)


def describe_conv(_: Conv) -> str:
    """As EfficientNet's table 1 calls it, without kernel."""
    return BLOCK_TYPE

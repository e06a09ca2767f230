"""Basic block: two full convolutions, squeeze-and-excitation, shortcut, activation.

He et al., arXiv:1512.03385, figure 5, left; SE as in Hu et al., arXiv:1709.01507, figure 3.
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, Widths, activate, add_shortcut, convolution, squeeze_excite, style_of
from mbconv_cli.spec.residual_rows import BasicBlock
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "BasicBlock"


def plan_basic_block(block: BlockDraft, row: BasicBlock, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops; the first convolution has the stride, and SE follows the second, wherever the network's."""
    activation = row.activation or spec.activation
    style = style_of(spec, row)
    widths = Widths(x.channels, place.output_filters, place.output_filters)
    y = convolution(
        block,
        "convolution",
        x,
        style,
        place.output_filters,
        kernel_size=row.kernel_size,
        stride=place.stride,
        dilation=place.dilation,
        activation=activation,
        part="0.",
    )
    y = convolution(
        block,
        "convolution",
        y,
        style,
        place.output_filters,
        kernel_size=row.kernel_size,
        dilation=place.dilation,
        part="1.",
    )
    y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    y = add_shortcut(block, row, x, y, style, place.stride)
    return activate(block, "shortcut", y, activation, "sum_activation")


def describe_basic_block(row: BasicBlock) -> str:
    """The type, and the channels of both convolutions."""
    return f"{BLOCK_TYPE} {row.output_filters}"

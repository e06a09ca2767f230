"""MBConv: 1x1 expand, depthwise, squeeze-and-excitation, 1x1 project, shortcut.

Sandler et al., arXiv:1801.04381, table 1, and with squeeze-and-excitation Tan et al., arXiv:1807.11626, figure 7.
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.op_kinds import ChannelShuffle
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, Widths, add_shortcut, convolution, depthwise, routed, squeeze_excite, style_of
from mbconv_cli.plan.scaling import expanded_filters
from mbconv_cli.spec.inverted_residual_rows import MBConv
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "MBConv"


def plan_mbconv(block: BlockDraft, row: MBConv, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops. Where it would keep the channels there is no expansion, unless the row wants it."""
    activation = row.activation or spec.activation
    style = routed(block, x, style_of(spec, row), row.experts)
    widths = Widths(x.channels, expanded_filters(row, spec, x.channels, block.table_filters), place.output_filters)
    y = x
    if widths.expanded != x.channels or row.unit_expansion:
        y = convolution(block, "expand", y, style, widths.expanded, groups=row.expand_groups, activation=activation)
    if row.channel_shuffle and row.expand_groups > 1:
        y = block.add("expand", "shuffle", ChannelShuffle(row.expand_groups), y)
    y = depthwise(block, y, style, row, place, activation=activation)
    if spec.se.place == "depthwise":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    y = convolution(block, "project", y, style, place.output_filters, groups=row.project_groups)
    if spec.se.place == "project":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    return add_shortcut(block, row, x, y, style, place.stride)


def describe_mbconv(row: MBConv) -> str:
    """What EfficientNet's table 1 calls it, without kernel and SE: `MBConv6`."""
    return f"{BLOCK_TYPE}{row.expand_ratio:g}" if row.expand_ratio else f"{BLOCK_TYPE} to {row.expanded_filters}"

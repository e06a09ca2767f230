"""Depthwise separable convolution: depthwise, then 1x1 (Howard et al., arXiv:1704.04861, section 3.1)."""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, Widths, add_shortcut, convolution, depthwise, routed, squeeze_excite, style_of
from mbconv_cli.spec.inverted_residual_rows import DepthwiseSeparable
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "SepConv"


def plan_depthwise_separable(block: BlockDraft, row: DepthwiseSeparable, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops."""
    activation = row.activation or spec.activation
    style = routed(block, x, style_of(spec, row), row.experts)
    widths = Widths(x.channels, x.channels, place.output_filters)
    between = activation if row.activation_between else "none"
    after = activation if row.activation_after else "none"
    y = depthwise(block, x, style, row, place, norm=row.norm_between, activation=between)
    if spec.se.place == "depthwise":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    y = convolution(block, "project", y, style, place.output_filters, groups=row.project_groups, activation=after)
    if spec.se.place == "project":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    return add_shortcut(block, row, x, y, style, place.stride)


def describe_depthwise_separable(_: DepthwiseSeparable) -> str:
    """What MnasNet's figure 7 calls it, without kernel and SE."""
    return BLOCK_TYPE

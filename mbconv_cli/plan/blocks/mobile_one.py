"""MobileOne's block in its trained form: a sum of depthwise convolutions, then a sum of 1x1 convolutions.

Vasu et al., arXiv:2206.04040, figure 3; squeeze-and-excitation and activation follow each of the two sums.
"""

from __future__ import annotations

from dataclasses import replace

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, Widths, activate, squeeze_excite, style_of
from mbconv_cli.plan.summed_branches import Branches, sum_branches
from mbconv_cli.spec.residual_rows import MobileOne
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "MobileOne"


def plan_mobile_one(block: BlockDraft, row: MobileOne, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops; each half has the branches of its own."""
    activation = row.activation or spec.activation
    style, identity, filters = style_of(spec, row), row.shortcut == "identity", place.output_filters
    branches = Branches(row.kernel_size, row.branches, x.channels, identity, "depthwise")
    y = sum_branches(block, "depthwise", x, style, branches, replace(place, output_filters=x.channels))
    widths = Widths(x.channels, x.channels, x.channels)
    y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation, "depthwise.")
    y = activate(block, "depthwise", y, activation)
    y = sum_branches(block, "project", y, style, Branches(1, row.branches, 1, identity, "project"), Place(filters))
    widths = Widths(x.channels, filters, filters)
    y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation, "project.")
    return activate(block, "project", y, activation)


def describe_mobile_one(_: MobileOne) -> str:
    """As the paper calls it, without kernel."""
    return BLOCK_TYPE

"""RepVGG's block in its trained form: full convolutions, a 1x1 and, where it fits, the input, each with norm, summed.

Ding et al., arXiv:2101.03697, figure 2 (B).
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, Widths, activate, squeeze_excite, style_of
from mbconv_cli.plan.summed_branches import Branches, sum_branches
from mbconv_cli.spec.residual_rows import RepVGG
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "RepVGG"


def plan_rep_vgg(block: BlockDraft, row: RepVGG, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops; squeeze-and-excitation follows the sum, wherever the network's."""
    activation = row.activation or spec.activation
    branches = Branches(row.kernel_size, row.branches, row.groups, row.shortcut == "identity", "shortcut")
    widths = Widths(x.channels, place.output_filters, place.output_filters)
    y = sum_branches(block, "convolution", x, style_of(spec, row), branches, place)
    y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    return activate(block, "shortcut", y, activation, "sum_activation")


def describe_rep_vgg(_: RepVGG) -> str:
    """As the paper calls it, without kernel."""
    return BLOCK_TYPE

"""RepVGG's block in its trained form: a full convolution, a 1x1 and, where they fit, the input, each with norm, summed.

Ding et al., arXiv:2101.03697, figure 2 (B). The branches run in timm's order, so that both are compared op by op.
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.op_kinds import Add
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, activate, convolution, normalize, style_of
from mbconv_cli.spec.residual_rows import RepVGG
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "RepVGG"


def plan_rep_vgg(block: BlockDraft, row: RepVGG, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops."""
    style = style_of(spec, row)
    filters, stride = place.output_filters, place.stride
    keeps_input = x.shape == (filters, *x.shape[1:]) and stride == (1, 1) and row.shortcut != "none"
    identity = normalize(block, "shortcut", x, spec.norm) if keeps_input else None
    point = convolution(block, "convolution", x, style, filters, stride=stride, groups=row.groups, part="point.")
    full = convolution(
        block,
        "convolution",
        x,
        style,
        filters,
        kernel_size=row.kernel_size,
        stride=stride,
        dilation=place.dilation,
        groups=row.groups,
    )
    y = block.add("convolution", "add", Add(), point, full)
    if identity is not None:
        y = block.add("shortcut", "add", Add(), y, identity)
    return activate(block, "shortcut", y, row.activation or spec.activation, "sum_activation")


def describe_rep_vgg(_: RepVGG) -> str:
    """As the paper calls it, without kernel."""
    return BLOCK_TYPE

"""Fused-MBConv: a full convolution that expands, squeeze-and-excitation, 1x1 project, shortcut.

Tan and Le, arXiv:2104.00298, figure 2, and EfficientNet-EdgeTPU (tensorflow/tpu, models/official/efficientnet/edgetpu).
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, Widths, add_shortcut, convolution, squeeze_excite, style_of
from mbconv_cli.plan.scaling import expand_filters, scale_filters
from mbconv_cli.spec.inverted_residual_rows import FusedMBConv
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "Fused-MBConv"


def plan_fused_mbconv(block: BlockDraft, row: FusedMBConv, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops: one convolution where the expansion would keep the number of channels, else two."""
    activation = row.activation or spec.activation
    style = style_of(spec, row)
    base = x.channels if row.expand_base is None else scale_filters(row.expand_base, spec.scaling)
    expanded = expand_filters(base, row.expand_ratio, spec.expand_divisor)
    two = expanded != x.channels or row.unit_expansion
    first_has_stride = row.stride_at == "expand" or not two
    first = expanded if two else place.output_filters
    widths = Widths(base, expanded, place.output_filters)
    y = convolution(
        block,
        "expand" if two else "project",
        x,
        style,
        first,
        kernel_size=row.kernel_size if two or row.unit_kernel_size is None else row.unit_kernel_size,
        stride=place.stride if first_has_stride else (1, 1),
        dilation=place.dilation,
        groups=1 if row.group_size is None else max(1, first // row.group_size),
        activation=activation,
    )
    if spec.se.place == "depthwise":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    if two:
        stride = (1, 1) if first_has_stride else place.stride
        y = convolution(block, "project", y, style, place.output_filters, stride=stride)
    if spec.se.place == "project":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    return add_shortcut(block, row, x, y, style, place.stride)


def describe_fused_mbconv(row: FusedMBConv) -> str:
    """What EfficientNetV2's table 4 calls it, without kernel and SE: `Fused-MBConv4`."""
    return f"{BLOCK_TYPE}{row.expand_ratio:g}"

"""Depthwise separable convolution: depthwise, then 1x1 (Howard et al., arXiv:1704.04861, section 3.1)."""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import convolution, shortcut, squeeze_excite, squeezed_filters
from mbconv_cli.spec.network import Spec
from mbconv_cli.spec.rows import DepthwiseSeparable

BLOCK_TYPE = "SepConv"


def plan_depthwise_separable(
    block: BlockDraft, row: DepthwiseSeparable, spec: Spec, x: Value, output_filters: int, stride: tuple[int, int]
) -> Value:
    """Add the block's ops."""
    activation = row.activation or spec.activation
    y = convolution(
        block,
        "depthwise",
        x,
        spec,
        x.channels,
        kernel_size=row.kernel_size,
        stride=stride,
        groups=x.channels,
        activation=activation if row.activation_between else "none",
    )
    squeezed = squeezed_filters(
        spec.se, row.se_ratio or 0, channels_in=x.channels, expanded=x.channels, channels_out=output_filters
    )
    if row.se_ratio and spec.se.place == "depthwise":
        y = squeeze_excite(block, y, squeezed, spec.se, activation)
    y = convolution(
        block, "project", y, spec, output_filters, activation=activation if row.activation_after else "none"
    )
    if row.se_ratio and spec.se.place == "project":
        y = squeeze_excite(block, y, squeezed, spec.se, activation)
    return shortcut(block, row, x, y, spec)


def describe_depthwise_separable(row: DepthwiseSeparable) -> str:
    """As MnasNet's figure 7 prints it: `SepConv, k3x3`."""
    squeeze = ", SE" if row.se_ratio else ""
    return f"{BLOCK_TYPE}, k{row.kernel_size}x{row.kernel_size}{squeeze}"

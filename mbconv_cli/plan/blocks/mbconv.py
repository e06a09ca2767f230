"""MBConv: 1x1 expand, depthwise, squeeze-and-excitation, 1x1 project, shortcut.

Sandler et al., arXiv:1801.04381, table 1, and with squeeze-and-excitation Tan et al., arXiv:1807.11626, figure 7.
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import convolution, shortcut, squeeze_excite, squeezed_filters
from mbconv_cli.plan.scaling import scale_filters
from mbconv_cli.spec.network import Spec
from mbconv_cli.spec.rows import MBConv

BLOCK_TYPE = "MBConv"


def plan_mbconv(
    block: BlockDraft, row: MBConv, spec: Spec, x: Value, output_filters: int, stride: tuple[int, int]
) -> Value:
    """Add the block's ops. There is no expansion where it would keep the number of channels."""
    activation = row.activation or spec.activation
    expanded = _expanded(row, spec, x.channels)
    y = x
    if expanded != x.channels:
        y = convolution(block, "expand", y, spec, expanded, activation=activation)
    y = convolution(
        block,
        "depthwise",
        y,
        spec,
        expanded,
        kernel_size=row.kernel_size,
        stride=stride,
        groups=expanded,
        activation=activation,
    )
    squeezed = squeezed_filters(
        spec.se, row.se_ratio or 0, channels_in=x.channels, expanded=expanded, channels_out=output_filters
    )
    if row.se_ratio and spec.se.place == "depthwise":
        y = squeeze_excite(block, y, squeezed, spec.se, activation)
    y = convolution(block, "project", y, spec, output_filters)
    if row.se_ratio and spec.se.place == "project":
        y = squeeze_excite(block, y, squeezed, spec.se, activation)
    return shortcut(block, row, x, y, spec)


def describe_mbconv(row: MBConv) -> str:
    """As EfficientNet's table 1 prints it: `MBConv6, k3x3`, with `SE` where there is one."""
    expansion = f"{row.expand_ratio:g}" if row.expand_ratio is not None else f" to {row.expanded_filters}"
    squeeze = ", SE" if row.se_ratio else ""
    return f"{BLOCK_TYPE}{expansion}, k{row.kernel_size}x{row.kernel_size}{squeeze}"


def _expanded(row: MBConv, spec: Spec, channels_in: int) -> int:
    if row.expanded_filters is not None:
        return scale_filters(row.expanded_filters, spec.scaling)
    assert row.expand_ratio is not None  # the Spec has exactly one of the two
    return max(1, round(channels_in * row.expand_ratio))

"""Universal inverted bottleneck: depthwise or not, 1x1 expand, depthwise or not, 1x1 project, shortcut.

Qin et al., arXiv:2404.10518, section 3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import (
    Place,
    Style,
    Widths,
    add_shortcut,
    convolution,
    scale_channels,
    squeeze_excite,
    style_of,
)
from mbconv_cli.plan.scaling import expand_filters
from mbconv_cli.spec.inverted_residual_rows import UniversalInvertedBottleneck
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.values import Activation as ActivationChoice
from mbconv_cli.spec.values import KernelSize

BLOCK_TYPE = "UIB"

# What the paper calls a block, by whether it has a depthwise convolution at the start, and in the middle.
NAMES: Final[dict[tuple[bool, bool], str]] = {
    (True, True): "ExtraDW",
    (False, True): "IB",
    (True, False): "ConvNext",
    (False, False): "FFN",
}


def plan_universal_inverted_bottleneck(
    block: BlockDraft, row: UniversalInvertedBottleneck, spec: Spec, x: Value, place: Place
) -> Value:
    """Add the block's ops. The stride is the middle convolution's, or the first one's where there is no other."""
    activation = row.activation or spec.activation
    style = style_of(spec, row)
    y = x
    if row.start_kernel_size:
        start = replace(place, stride=(1, 1)) if row.middle_kernel_size else place
        y = _depthwise(block, y, style, "start", row.start_kernel_size, start)
    expanded = expand_filters(x.channels, row.expand_ratio, spec.expand_divisor)
    y = convolution(block, "expand", y, style, expanded, activation=activation)
    if row.middle_kernel_size:
        y = _depthwise(block, y, style, "middle", row.middle_kernel_size, place, activation)
    widths = Widths(x.channels, expanded, place.output_filters)
    if spec.se.place == "depthwise":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    y = convolution(block, "project", y, style, place.output_filters)
    if spec.se.place == "project":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    y = scale_channels(block, "project", y, row.layer_scale)
    return add_shortcut(block, row, x, y, style, place.stride)


def _depthwise(
    block: BlockDraft,
    x: Value,
    style: Style,
    part: str,
    kernel_size: KernelSize,
    place: Place,
    activation: ActivationChoice = "none",
) -> Value:
    return convolution(
        block,
        "depthwise",
        x,
        style,
        x.channels,
        kernel_size=kernel_size,
        stride=place.stride,
        dilation=place.dilation,
        groups=x.channels,
        activation=activation,
        part=f"{part}.",
    )


def describe_universal_inverted_bottleneck(row: UniversalInvertedBottleneck) -> str:
    """What the paper's tables call it, without kernels: `ExtraDW4`."""
    return f"{NAMES[bool(row.start_kernel_size), bool(row.middle_kernel_size)]}{row.expand_ratio:g}"

"""What block types are made of: convolution with norm and activation, squeeze-and-excitation, the shortcut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    BlurPool,
    Border,
    ChannelScale,
    ChannelSlice,
    Concat,
    ConditionalConv2d,
    Conv2d,
    GlobalAvgPool,
    GroupNorm,
    Linear,
    MaxPool,
    Multiply,
    PReLU,
)
from mbconv_cli.plan.ops import Role, Value
from mbconv_cli.plan.scaling import make_divisible
from mbconv_cli.plan.shapes import ShapeError, same_padding, spanned
from mbconv_cli.spec.row_keys import DepthwiseRow, Row, StridedRow
from mbconv_cli.spec.spec import Head, Norm, Spec, SqueezeExcite, Stem
from mbconv_cli.spec.values import Activation as ActivationChoice
from mbconv_cli.spec.values import AntiAliasing, KernelSize, Padding, Pooling, Rectangle, sides

# Ops are immutable, so equal ones may be one object: planning makes them by the hundred.
_batch_norm: Final = lru_cache(maxsize=1_024)(BatchNorm)
_activation: Final = lru_cache(maxsize=64)(Activation)


@dataclass(frozen=True, slots=True)
class Style:
    """What all convolutions of a row or a section have in common.

    Attributes:
        norm: the constants of batch norm.
        padding: of convolutions and poolings.
        bias: whether convolutions have one.
        anti_aliasing: the pooling behind a convolution that has its stride; None where the convolution has it.
        routing: factors of the experts, of which each convolution mixes its kernel; None for one kernel.
    """

    norm: Norm
    padding: Padding
    bias: bool
    anti_aliasing: AntiAliasing | None = None
    routing: Value | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What a block must give, and how its spatial kernel reads: in (vertical, horizontal) pixels."""

    output_filters: int
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)


def style_of(spec: Spec, of: Row | Stem | Head) -> Style:
    """The row's or section's own settings, or the network's."""
    padding = None if isinstance(of, Head) else of.padding
    pooling = of.anti_aliasing if isinstance(of, StridedRow) else None
    return Style(spec.norm, padding or spec.padding, spec.bias if of.bias is None else of.bias, pooling)


def convolution(
    block: BlockDraft,
    role: Role,
    x: Value,
    style: Style,
    output_filters: int,
    *,
    kernel_size: KernelSize = 1,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    norm: bool = True,
    activation: ActivationChoice = "none",
    part: str = "",
) -> Value:
    """Convolution, batch norm unless it has none, an activation unless it is `none`, and the pooling against aliasing.

    `part` goes before the names of the three ops, where a block has several convolutions of one role.
    """
    extents = sides(kernel_size)
    pooled, stride = (stride, (1, 1)) if style.anti_aliasing else ((1, 1), stride)
    dilation = (dilation[0] if extents[0] > 1 else 1, dilation[1] if extents[1] > 1 else 1)
    padding = _padding(x, style.padding, extents, stride, dilation)
    conv = Conv2d(x.channels, output_filters, extents, stride, padding, groups, style.bias, dilation)
    if style.routing:
        y = block.add(role, f"{part}conv", ConditionalConv2d.of(conv, style.routing.channels), x, style.routing)
    else:
        y = block.add(role, f"{part}conv", conv, x)
    if norm:
        y = normalize(block, role, y, style.norm, part)
    y = activate(block, role, y, activation, f"{part}activation")
    return y if pooled == (1, 1) else _anti_alias(block, role, y, style.anti_aliasing, pooled, part)


def _anti_alias(
    block: BlockDraft, role: Role, x: Value, pooling: AntiAliasing | None, stride: tuple[int, int], part: str
) -> Value:
    """A stride behind a smoothing: a 3x3 blur, or the mean of the pixels that become one."""
    if pooling == "average":
        return block.add(role, f"{part}avg_pool", AvgPool(stride, stride, (0, 0, 0, 0)), x)
    border: Border = "zero" if pooling == "zero_padded_blur" else "reflected"
    return block.add(role, f"{part}blur", BlurPool(x.channels, (3, 3), stride, (1, 1, 1, 1), border), x)


def routed(block: BlockDraft, x: Value, style: Style, experts: int | None) -> Style:
    """The style with what mixes the kernels of experts for `x`, where there are experts.

    Yang et al., arXiv:1904.04971, equation 2: global average pooling, a linear layer, the logistic function.
    """
    if experts is None:
        return style
    r = block.add("routing", "pool", GlobalAvgPool(keep_dims=False), x)
    r = block.add("routing", "linear", Linear(x.channels, experts), r)
    return replace(style, routing=activate(block, "routing", r, "sigmoid"))


def depthwise(
    block: BlockDraft,
    x: Value,
    style: Style,
    row: DepthwiseRow,
    place: Place,
    *,
    norm: bool = True,
    activation: ActivationChoice = "none",
) -> Value:
    """Depthwise convolution; several kernel sizes share the channels (MixConv: Tan and Le, arXiv:1907.09595).

    A stack takes the place of one kernel: convolutions of its sizes one after the other, the first with the stride.
    """
    if len(row.kernel_size) == 1:
        for index, kernel_size in enumerate(row.depthwise_stack or row.kernel_size):
            x = convolution(
                block,
                "depthwise",
                x,
                style,
                x.channels,
                kernel_size=kernel_size,
                stride=place.stride if index == 0 else (1, 1),
                dilation=place.dilation,
                groups=_groups(x.channels, row.group_size or 1),
                norm=norm,
                activation=activation,
                part=f"{index}." if row.depthwise_stack else "",
            )
        return x
    y = _mixed_depthwise(block, x, style, row, place)
    if norm:
        y = normalize(block, "depthwise", y, style.norm)
    return activate(block, "depthwise", y, activation)


def _groups(channels: int, group_size: int) -> int:
    if channels % group_size:
        raise ShapeError(f"{channels} channels do not divide into groups of {group_size}")
    return channels // group_size


def normalize(block: BlockDraft, role: Role, x: Value, norm: Norm, part: str = "") -> Value:
    """Batch or group norm, with the network's constants."""
    if norm.groups or norm.group_size:
        groups = norm.groups or _groups(x.channels, norm.group_size or 1)
        return block.add(role, f"{part}norm", GroupNorm(x.channels, groups, norm.eps), x)
    op = _batch_norm(x.channels, norm.eps, norm.momentum, len(x.shape) > 1, norm.scale)
    return block.add(role, f"{part}norm", op, x)


def activate(block: BlockDraft, role: Role, x: Value, activation: ActivationChoice, leaf: str = "activation") -> Value:
    """An activation, or nothing if it is `none`."""
    if activation == "none":
        return x
    return block.add(role, leaf, PReLU(x.channels) if activation == "prelu" else _activation(activation), x)


def scale_channels(block: BlockDraft, role: Role, x: Value, wanted: bool) -> Value:
    """A learned factor for each channel, where it is wanted."""
    return block.add(role, "layer_scale", ChannelScale(x.channels), x) if wanted else x


def pool(
    block: BlockDraft,
    role: Role,
    x: Value,
    pooling: Pooling,
    kernel_size: KernelSize,
    stride: tuple[int, int],
    padding: Padding,
) -> Value:
    """Max pooling, average pooling, or a blur whose border is reflected."""
    extents = sides(kernel_size)
    edges = _padding(x, padding, extents, stride)
    if pooling == "maximum":
        return block.add(role, "max_pool", MaxPool(extents, stride, edges), x)
    if pooling == "blur":
        return block.add(role, "blur", BlurPool(x.channels, extents, stride, edges), x)
    return block.add(role, "avg_pool", AvgPool(extents, stride, edges), x)


@dataclass(frozen=True, slots=True)
class Widths:
    """The channels of a block: what comes in, what it expands to, what goes out."""

    input: int
    expanded: int
    output: int


def squeeze_excite(
    block: BlockDraft,
    x: Value,
    se_ratio: float | None,
    se: SqueezeExcite,
    widths: Widths,
    default: ActivationChoice,
    part: str = "",
) -> Value:
    """Squeeze-and-excitation of `x` (Hu et al., arXiv:1709.01507, section 3): each channel times a learned factor.

    Args:
        block: where it belongs.
        x: what is squeezed and then scaled.
        se_ratio: the row's; nothing is added if it is absent or zero.
        se: the network's conventions.
        widths: of the block.
        default: the activation between the two layers unless the network says another.
        part: what goes before the names of the ops, where a block has several.
    """
    if not se_ratio:
        return x
    squeezed = squeezed_filters(se, se_ratio, widths)
    s = block.add("se", f"{part}pool", GlobalAvgPool(keep_dims=True), x)
    s = block.add("se", f"{part}reduce", Conv2d(x.channels, squeezed, (1, 1), bias=se.bias), s)
    s = activate(block, "se", s, se.activation or default, f"{part}activation")
    s = block.add("se", f"{part}expand", Conv2d(squeezed, x.channels, (1, 1), bias=se.bias), s)
    s = activate(block, "se", s, se.expand_activation, f"{part}expand_activation")
    s = activate(block, "se", s, se.gate, f"{part}gate")
    return block.add("se", f"{part}multiply", Multiply(), x, s)


def squeezed_filters(se: SqueezeExcite, se_ratio: float, widths: Widths) -> int:
    """The channels between the two layers of squeeze-and-excitation; at least one."""
    base = {"input": widths.input, "expanded": widths.expanded, "output": widths.output}[se.squeeze_from]
    squeezed = int(base * se_ratio) if se.rounding == "floor" else round(base * se_ratio)
    return make_divisible(squeezed, se.divisor, se.round_limit) if se.divisor > 1 else max(1, squeezed)


def add_shortcut(block: BlockDraft, row: Row, x: Value, y: Value, style: Style, stride: tuple[int, int]) -> Value:
    """The sum of a block's result `y` and its input `x`, where the row wants one and the shapes allow it.

    A projection has one kernel and its stride itself, whatever the block's other convolutions have.
    """
    style = replace(style, routing=None, anti_aliasing=None)
    if row.shortcut == "none":
        return y
    if x.shape == y.shape:
        return block.add("shortcut", "add", Add(), y, x)
    always = row.shortcut in {"strided_projection", "pooled_projection"}
    if always or (row.shortcut == "projection" and x.shape[1:] == y.shape[1:]):
        if row.shortcut == "pooled_projection" and stride != (1, 1):
            x, stride = pool(block, "shortcut", x, "average", Rectangle(*stride), stride, "same"), (1, 1)
        projected = convolution(block, "shortcut", x, style, y.channels, stride=stride, norm=row.shortcut_norm)
        if projected.shape != y.shape:
            sizes = " and ".join(f"{value.shape[1]}x{value.shape[2]}" for value in (projected, y))
            raise ShapeError(f"the shortcut and the block give {sizes}; without padding there is only `shortcut: none`")
        return block.add("shortcut", "add", Add(), y, projected)
    return y


def _mixed_depthwise(block: BlockDraft, x: Value, style: Style, row: DepthwiseRow, place: Place) -> Value:
    """One depthwise convolution for each kernel size, on its share of the channels."""
    parts, start = [], 0
    for index, (kernel_size, width) in enumerate(zip(row.kernel_size, _shares(x.channels, row), strict=True)):
        y = block.add("depthwise", f"slice.{index}", ChannelSlice(start, start + width), x)
        sizes = sides(kernel_size)
        padding = _padding(y, style.padding, sizes, place.stride, place.dilation)
        conv = Conv2d(width, width, sizes, place.stride, padding, width, style.bias, place.dilation)
        parts.append(block.add("depthwise", f"conv.{index}", conv, y))
        start += width
    extents = dict.fromkeys(f"{part.shape[1]}x{part.shape[2]}" for part in parts)
    if len(extents) > 1:
        raise ShapeError(f"mixed kernel sizes give {' and '.join(extents)} pixels; they need padding")
    return block.add("depthwise", "concat", Concat(), *parts)


def _shares(channels: int, row: DepthwiseRow) -> list[int]:
    """How many channels each kernel has; the first has what is left over, as in MixNet's code."""
    shares = row.mixed_shares or (1,) * len(row.kernel_size)
    widths = [channels * share // sum(shares) for share in shares]
    if 0 in widths:
        raise ShapeError(f"{channels} channels are too few for {len(widths)} kernel sizes")
    return [channels - sum(widths[1:]), *widths[1:]]


def _padding(
    x: Value,
    padding: Padding,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) in pixels."""
    height, width = spanned(kernel_size[0], dilation[0]), spanned(kernel_size[1], dilation[1])
    match padding:
        case "symmetric":
            return ((height - 1) // 2, (height - 1) // 2, (width - 1) // 2, (width - 1) // 2)
        case "same":
            return (*same_padding(x.shape[1], height, stride[0]), *same_padding(x.shape[2], width, stride[1]))
        case "valid":
            return (0, 0, 0, 0)

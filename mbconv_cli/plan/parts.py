"""What block types are made of: convolution with norm and activation, squeeze-and-excitation, the shortcut."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import (
    Activation,
    Add,
    BatchNorm,
    ChannelSlice,
    Concat,
    Conv2d,
    GlobalAvgPool,
    MaxPool,
    Multiply,
    Role,
    Value,
)
from mbconv_cli.plan.scaling import make_divisible
from mbconv_cli.plan.shapes import ShapeError, same_padding
from mbconv_cli.spec.spec import Spec, SqueezeExcite
from mbconv_cli.spec.values import Activation as ActivationChoice
from mbconv_cli.spec.values import Padding, Shortcut

# Ops are immutable, so equal ones may be one object: planning makes them by the hundred.
_batch_norm: Final = lru_cache(maxsize=1_024)(BatchNorm)
_activation: Final = lru_cache(maxsize=64)(Activation)


def convolution(
    block: BlockDraft,
    role: Role,
    x: Value,
    spec: Spec,
    output_filters: int,
    *,
    kernel_size: int = 1,
    stride: tuple[int, int] = (1, 1),
    groups: int = 1,
    padding: Padding | None = None,
    norm: bool = True,
    activation: ActivationChoice = "none",
    part: str = "",
) -> Value:
    """Convolution without bias, batch norm unless it has none, and an activation unless it is `none`.

    `part` goes before the names of the three ops, where a block has several convolutions of one role.
    """
    sides = _padding(x, padding or spec.padding, kernel_size, stride)
    conv = Conv2d(x.channels, output_filters, (kernel_size, kernel_size), stride, sides, groups)
    y = block.add(role, f"{part}conv", conv, x)
    if norm:
        y = normalize(block, role, y, spec, part)
    return activate(block, role, y, activation, f"{part}activation")


def depthwise(
    block: BlockDraft,
    x: Value,
    spec: Spec,
    kernel_sizes: tuple[int, ...],
    *,
    stride: tuple[int, int],
    stack: tuple[int, ...] | None = None,
    norm: bool = True,
    activation: ActivationChoice = "none",
) -> Value:
    """Depthwise convolution; several kernel sizes share the channels (MixConv: Tan and Le, arXiv:1907.09595).

    A stack takes the place of one kernel: convolutions of its sizes one after the other, the first with the stride.
    """
    if len(kernel_sizes) == 1:
        sizes = stack or kernel_sizes
        for index, kernel_size in enumerate(sizes):
            x = convolution(
                block,
                "depthwise",
                x,
                spec,
                x.channels,
                kernel_size=kernel_size,
                stride=stride if index == 0 else (1, 1),
                groups=x.channels,
                norm=norm,
                activation=activation,
                part=f"{index}." if stack else "",
            )
        return x
    y = _mixed_depthwise(block, x, spec, kernel_sizes, stride)
    if norm:
        y = normalize(block, "depthwise", y, spec)
    return activate(block, "depthwise", y, activation)


def normalize(block: BlockDraft, role: Role, x: Value, spec: Spec, part: str = "") -> Value:
    """Batch norm, with the network's constants."""
    norm = _batch_norm(x.channels, spec.norm.eps, spec.norm.momentum, len(x.shape) > 1)
    return block.add(role, f"{part}norm", norm, x)


def activate(block: BlockDraft, role: Role, x: Value, activation: ActivationChoice, leaf: str = "activation") -> Value:
    """An activation, or nothing if it is `none`."""
    return x if activation == "none" else block.add(role, leaf, _activation(activation), x)


def max_pool(
    block: BlockDraft, role: Role, x: Value, kernel_size: int, stride: tuple[int, int], padding: Padding
) -> Value:
    """Max pooling."""
    sides = _padding(x, padding, kernel_size, stride)
    return block.add(role, "max_pool", MaxPool((kernel_size, kernel_size), stride, sides), x)


@dataclass(frozen=True, slots=True)
class Widths:
    """The channels of a block: what comes in, what it expands to, what goes out."""

    input: int
    expanded: int
    output: int


def squeeze_excite(
    block: BlockDraft, x: Value, se_ratio: float | None, se: SqueezeExcite, widths: Widths, default: ActivationChoice
) -> Value:
    """Squeeze-and-excitation of `x` (Hu et al., arXiv:1709.01507, section 3): each channel times a learned factor.

    Args:
        block: where it belongs.
        x: what is squeezed and then scaled.
        se_ratio: the row's; nothing is added if it is absent or zero.
        se: the network's conventions.
        widths: of the block.
        default: the activation between the two layers unless the network says another.
    """
    if not se_ratio:
        return x
    squeezed = squeezed_filters(se, se_ratio, widths)
    s = block.add("se", "pool", GlobalAvgPool(keep_dims=True), x)
    s = block.add("se", "reduce", Conv2d(x.channels, squeezed, (1, 1), bias=se.bias), s)
    s = activate(block, "se", s, se.activation or default)
    s = block.add("se", "expand", Conv2d(squeezed, x.channels, (1, 1), bias=se.bias), s)
    s = activate(block, "se", s, se.expand_activation, "expand_activation")
    s = activate(block, "se", s, se.gate, "gate")
    return block.add("se", "multiply", Multiply(), x, s)


def squeezed_filters(se: SqueezeExcite, se_ratio: float, widths: Widths) -> int:
    """The channels between the two layers of squeeze-and-excitation; at least one."""
    base = {"input": widths.input, "expanded": widths.expanded, "output": widths.output}[se.squeeze_from]
    squeezed = int(base * se_ratio) if se.rounding == "floor" else round(base * se_ratio)
    return make_divisible(squeezed, se.divisor, se.round_limit) if se.divisor > 1 else max(1, squeezed)


def add_shortcut(
    block: BlockDraft, shortcut: Shortcut, x: Value, y: Value, spec: Spec, stride: tuple[int, int]
) -> Value:
    """The sum of a block's result `y` and its input `x`, where the row wants one and the shapes allow it."""
    if shortcut == "none":
        return y
    if x.shape == y.shape:
        return block.add("shortcut", "add", Add(), y, x)
    if shortcut == "strided_projection" or (shortcut == "projection" and x.shape[1:] == y.shape[1:]):
        projected = convolution(block, "shortcut", x, spec, y.channels, stride=stride)
        if projected.shape != y.shape:
            sizes = " and ".join(f"{value.shape[1]}x{value.shape[2]}" for value in (projected, y))
            raise ShapeError(f"the shortcut and the block give {sizes}; without padding there is only `shortcut: none`")
        return block.add("shortcut", "add", Add(), y, projected)
    return y


def _mixed_depthwise(
    block: BlockDraft, x: Value, spec: Spec, kernel_sizes: tuple[int, ...], stride: tuple[int, int]
) -> Value:
    """One depthwise convolution for each kernel size, on its share of the channels; the first has what is left over."""
    share, left_over = divmod(x.channels, len(kernel_sizes))
    if share == 0:
        raise ShapeError(f"{x.channels} channels are too few for {len(kernel_sizes)} kernel sizes")
    parts, start = [], 0
    for index, kernel_size in enumerate(kernel_sizes):
        stop = start + share + (left_over if index == 0 else 0)
        y = block.add("depthwise", f"slice.{index}", ChannelSlice(start, stop), x)
        sides = _padding(y, spec.padding, kernel_size, stride)
        conv = Conv2d(y.channels, y.channels, (kernel_size, kernel_size), stride, sides, y.channels)
        parts.append(block.add("depthwise", f"conv.{index}", conv, y))
        start = stop
    return block.add("depthwise", "concat", Concat(), *parts)


def _padding(x: Value, padding: Padding, kernel_size: int, stride: tuple[int, int]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) in pixels."""
    match padding:
        case "symmetric":
            half = (kernel_size - 1) // 2
            return (half, half, half, half)
        case "same":
            top, bottom = same_padding(x.shape[1], kernel_size, stride[0])
            left, right = same_padding(x.shape[2], kernel_size, stride[1])
            return (top, bottom, left, right)
        case "valid":
            return (0, 0, 0, 0)

"""What block types are made of: convolution with norm and activation, squeeze-and-excitation, the shortcut."""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Activation, Add, BatchNorm, Conv2d, GlobalAvgPool, Multiply, Role, Value
from mbconv_cli.plan.scaling import make_divisible
from mbconv_cli.plan.shapes import same_padding
from mbconv_cli.spec.network import Spec, SqueezeExcite
from mbconv_cli.spec.rows import Row
from mbconv_cli.spec.values import Activation as ActivationChoice


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
    activation: ActivationChoice = "none",
) -> Value:
    """Convolution without bias, batch norm, and an activation unless it is `none`."""
    padding = _padding(x, spec, kernel_size, stride)
    conv = Conv2d(x.channels, output_filters, (kernel_size, kernel_size), stride, padding, groups)
    y = block.add(role, "conv", conv, x)
    y = block.add(role, "norm", BatchNorm(output_filters, spec.norm.eps, spec.norm.momentum), y)
    return activate(block, role, y, activation)


def activate(block: BlockDraft, role: Role, x: Value, activation: ActivationChoice, leaf: str = "activation") -> Value:
    """An activation, or nothing if it is `none`."""
    return x if activation == "none" else block.add(role, leaf, Activation(activation), x)


def squeeze_excite(block: BlockDraft, x: Value, squeezed: int, se: SqueezeExcite, default: ActivationChoice) -> Value:
    """Squeeze-and-excitation of `x` (Hu et al., arXiv:1709.01507, section 3): each channel times a learned factor."""
    s = block.add("se", "pool", GlobalAvgPool(keep_dims=True), x)
    s = block.add("se", "reduce", Conv2d(x.channels, squeezed, (1, 1), bias=se.bias), s)
    s = activate(block, "se", s, se.activation or default)
    s = block.add("se", "expand", Conv2d(squeezed, x.channels, (1, 1), bias=se.bias), s)
    s = activate(block, "se", s, se.expand_activation, "expand_activation")
    s = activate(block, "se", s, se.gate, "gate")
    return block.add("se", "multiply", Multiply(), x, s)


def squeezed_filters(se: SqueezeExcite, se_ratio: float, *, channels_in: int, expanded: int, channels_out: int) -> int:
    """The channels between the two layers of squeeze-and-excitation; at least one."""
    base = {"input": channels_in, "expanded": expanded, "output": channels_out}[se.squeeze_from]
    squeezed = int(base * se_ratio) if se.rounding == "floor" else round(base * se_ratio)
    return make_divisible(squeezed, se.divisor) if se.divisor > 1 else max(1, squeezed)


def shortcut(block: BlockDraft, row: Row, x: Value, y: Value, spec: Spec) -> Value:
    """The sum with the block's input, where the row wants one and the shapes allow it."""
    if row.shortcut == "none" or x.shape[1:] != y.shape[1:]:
        return y
    if x.channels == y.channels:
        return block.add("shortcut", "add", Add(), y, x)
    if row.shortcut == "projection":
        projected = convolution(block, "shortcut", x, spec, y.channels)
        return block.add("shortcut", "add", Add(), y, projected)
    return y


def _padding(x: Value, spec: Spec, kernel_size: int, stride: tuple[int, int]) -> tuple[int, int, int, int]:
    if spec.padding == "symmetric":
        half = (kernel_size - 1) // 2
        return (half, half, half, half)
    top, bottom = same_padding(x.shape[1], kernel_size, stride[0])
    left, right = same_padding(x.shape[2], kernel_size, stride[1])
    return (top, bottom, left, right)

"""Ghost bottleneck: a ghost module that expands, a strided depthwise convolution, SE, a ghost module that projects.

Han et al., arXiv:1911.11907, figure 3. A ghost module makes a part of its channels by a 1x1 convolution, and the others
of that part by a cheap depthwise one (section 3.1).
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.op_kinds import Add, ChannelSlice, Concat
from mbconv_cli.plan.ops import Role, Value
from mbconv_cli.plan.parts import Place, Style, Widths, convolution, squeeze_excite, style_of
from mbconv_cli.plan.scaling import expanded_filters
from mbconv_cli.plan.shapes import ShapeError
from mbconv_cli.spec.inverted_residual_rows import GhostBottleneck
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.values import Activation as ActivationChoice

BLOCK_TYPE = "Ghost"


def plan_ghost_bottleneck(block: BlockDraft, row: GhostBottleneck, spec: Spec, x: Value, place: Place) -> Value:
    """Add the block's ops; only a stride makes the depthwise convolution between the ghost modules."""
    activation = row.activation or spec.activation
    style = style_of(spec, row)
    expanded = expanded_filters(row, spec, x.channels, block.table_filters)
    widths = Widths(x.channels, expanded, place.output_filters)
    y = _ghost_module(block, "expand", x, style, row, expanded, activation)
    if place.stride != (1, 1):
        y = _depthwise(block, "depthwise", y, style, row, place)
    if spec.se.place == "depthwise":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    y = _ghost_module(block, "project", y, style, row, place.output_filters, "none")
    if spec.se.place == "project":
        y = squeeze_excite(block, y, row.se_ratio, spec.se, widths, activation)
    return _add_shortcut(block, row, x, y, style, place)


def _ghost_module(
    block: BlockDraft,
    role: Role,
    x: Value,
    style: Style,
    row: GhostBottleneck,
    filters: int,
    activation: ActivationChoice,
) -> Value:
    """As many channels as are wanted; what a ratio gives beyond them is cut off."""
    primary = -(-filters // row.ghost_ratio)
    y = convolution(block, role, x, style, primary, activation=activation, part="primary.")
    ghosts = convolution(
        block,
        role,
        y,
        style,
        primary * (row.ghost_ratio - 1),
        kernel_size=row.ghost_kernel_size,
        groups=primary,
        activation=activation,
        part="ghost.",
    )
    if y.shape[1:] != ghosts.shape[1:]:
        sizes = " and ".join(f"{value.shape[1]}x{value.shape[2]}" for value in (y, ghosts))
        raise ShapeError(f"the two parts of a ghost module give {sizes} pixels; joining them needs padding")
    y = block.add(role, "concat", Concat(), y, ghosts)
    return y if y.channels == filters else block.add(role, "slice", ChannelSlice(0, filters), y)


def _depthwise(
    block: BlockDraft, role: Role, x: Value, style: Style, row: GhostBottleneck, place: Place, *, norm: bool = True
) -> Value:
    return convolution(
        block,
        role,
        x,
        style,
        x.channels,
        kernel_size=row.kernel_size,
        stride=place.stride,
        dilation=place.dilation,
        groups=x.channels,
        norm=norm,
        part="depthwise." if role == "shortcut" else "",
    )


def _add_shortcut(block: BlockDraft, row: GhostBottleneck, x: Value, y: Value, style: Style, place: Place) -> Value:
    """The sum with the input, by way of a depthwise and a 1x1 convolution where the shapes differ."""
    if row.shortcut == "none" or (row.shortcut == "identity" and x.shape != y.shape):
        return y
    if x.shape != y.shape:
        x = _depthwise(block, "shortcut", x, style, row, place, norm=row.shortcut_norm)
        x = convolution(block, "shortcut", x, style, y.channels, norm=row.shortcut_norm)
        if x.shape != y.shape:
            sizes = " and ".join(f"{value.shape[1]}x{value.shape[2]}" for value in (x, y))
            raise ShapeError(f"the shortcut and the block give {sizes}; without padding there is only `shortcut: none`")
    return block.add("shortcut", "add", Add(), y, x)


def describe_ghost_bottleneck(row: GhostBottleneck) -> str:
    """The type with its expansion, without kernel and SE."""
    return f"{BLOCK_TYPE}{row.expand_ratio:g}" if row.expand_ratio else f"{BLOCK_TYPE} to {row.expanded_filters}"

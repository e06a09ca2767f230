"""Which planner draws which row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from mbconv_cli.plan.blocks import (
    basic_block,
    bottleneck,
    conv,
    depthwise_separable,
    fused_mbconv,
    ghost_bottleneck,
    mbconv,
    mobile_attention,
    mobile_one,
    pool,
    rep_vgg,
    universal_inverted_bottleneck,
    xception,
)
from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place
from mbconv_cli.spec.attention_rows import MobileAttention
from mbconv_cli.spec.inverted_residual_rows import (
    DepthwiseSeparable,
    FusedMBConv,
    GhostBottleneck,
    MBConv,
    UniversalInvertedBottleneck,
)
from mbconv_cli.spec.layer_rows import Conv, Pool, Skip
from mbconv_cli.spec.residual_rows import BasicBlock, Bottleneck, MobileOne, RepVGG, Xception
from mbconv_cli.spec.row_keys import AnyRow, DepthwiseRow
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.values import KernelSize, kernel_text


@dataclass(frozen=True, slots=True)
class BlockType:
    """A block type.

    Attributes:
        name: in a count, e.g. `16 MBConv`; empty for what is counted as the layers it consists of.
        describe: row -> what tables call it, without kernel and SE.
        plan: (block, row, spec, x, place) -> what comes out.
    """

    name: str
    describe: Callable[[Any], str]
    plan: Callable[[BlockDraft, Any, Spec, Value, Place], Value]


BLOCK_TYPES: Final[dict[type[AnyRow], BlockType]] = {
    MBConv: BlockType(mbconv.BLOCK_TYPE, mbconv.describe_mbconv, mbconv.plan_mbconv),
    DepthwiseSeparable: BlockType(
        depthwise_separable.BLOCK_TYPE,
        depthwise_separable.describe_depthwise_separable,
        depthwise_separable.plan_depthwise_separable,
    ),
    FusedMBConv: BlockType(fused_mbconv.BLOCK_TYPE, fused_mbconv.describe_fused_mbconv, fused_mbconv.plan_fused_mbconv),
    Conv: BlockType("", conv.describe_conv, conv.plan_conv),
    Bottleneck: BlockType(bottleneck.BLOCK_TYPE, bottleneck.describe_bottleneck, bottleneck.plan_bottleneck),
    BasicBlock: BlockType(basic_block.BLOCK_TYPE, basic_block.describe_basic_block, basic_block.plan_basic_block),
    MobileOne: BlockType(mobile_one.BLOCK_TYPE, mobile_one.describe_mobile_one, mobile_one.plan_mobile_one),
    RepVGG: BlockType(rep_vgg.BLOCK_TYPE, rep_vgg.describe_rep_vgg, rep_vgg.plan_rep_vgg),
    UniversalInvertedBottleneck: BlockType(
        universal_inverted_bottleneck.BLOCK_TYPE,
        universal_inverted_bottleneck.describe_universal_inverted_bottleneck,
        universal_inverted_bottleneck.plan_universal_inverted_bottleneck,
    ),
    GhostBottleneck: BlockType(
        ghost_bottleneck.BLOCK_TYPE,
        ghost_bottleneck.describe_ghost_bottleneck,
        ghost_bottleneck.plan_ghost_bottleneck,
    ),
    MobileAttention: BlockType(
        mobile_attention.BLOCK_TYPE,
        mobile_attention.describe_mobile_attention,
        mobile_attention.plan_mobile_attention,
    ),
    Xception: BlockType(xception.BLOCK_TYPE, xception.describe_xception, xception.plan_xception),
    Pool: BlockType("", pool.describe_pool, pool.plan_pool),
}


USUAL_SE_RATIO: Final = 0.25
"""Of MnasNet and all that followed it; a name gives any other one."""
SHOWN_OTHERWISE: Final = frozenset(
    {
        "type", "num_repeat", "joined", "input_filters", "output_filters", "stride", "activation",
        "kernel_size", "depthwise_stack", "start_kernel_size", "middle_kernel_size",
        "expand_ratio", "expanded_filters", "se_ratio", "bottleneck_filters", "convolutions", "pooling", "heads",
    }
)  # fmt: skip
"""Keys of rows that are in a name already, or in a column of a table."""


SKIPPED: Final = "skipped"


def describe(row: AnyRow) -> str:
    """A row's operator as tables print it: `MBConv6, k3x3, SE`, and in what else it is not as usual.

    With mixed kernels `MBConv6, k3x3 5x5 7x7`, with one kernel after the other `MBConv6, k3x3+3x3`. Rows that compute
    something different have different names, but for what a table has columns of: filters, repeats, stride, activation.
    """
    if isinstance(row, Skip):
        return SKIPPED
    parts = [BLOCK_TYPES[type(row)].describe(row)]
    separator, sizes = _kernels(row)
    if sizes:
        parts.append("k" + separator.join(map(kernel_text, sizes)))
    if se_ratio := getattr(row, "se_ratio", None):
        parts.append("SE" if se_ratio == USUAL_SE_RATIO else f"SE {se_ratio:g}")
    return ", ".join([*parts, *_unusual(row)])


def _unusual(row: AnyRow) -> Iterator[str]:
    """What a row says that neither its name nor a column of a table says."""
    for key, field in type(row).model_fields.items():
        value = getattr(row, key)
        if key in SHOWN_OTHERWISE or value == field.default:
            continue
        if key == "unit_expansion" and getattr(row, "expand_ratio", None) not in {1, None}:
            continue  # it makes a difference only where the expansion keeps the channels
        words = key.replace("_", " ")
        match value:
            case True:
                yield words
            case False | "none":
                yield f"no {words}"
            case (int(one), int(other)) if one == other:
                yield f"{words} {one}"
            case tuple():
                yield f"{words} {'x'.join(map(str, value))}"
            case str():
                yield f"{words}: {value}"
            case _:
                yield f"{words} {value}"


def _kernels(row: Any) -> tuple[str, tuple[KernelSize, ...]]:
    """The sizes of a row's kernels, and what stands between them."""
    if isinstance(row, UniversalInvertedBottleneck):
        return "+", tuple(size for size in (row.start_kernel_size, row.middle_kernel_size) if size)
    if getattr(row, "depthwise_stack", None):
        return "+", row.depthwise_stack
    if isinstance(row, MobileAttention):
        return "", () if row.reduction == (1, 1) else (row.kernel_size,)
    return " ", row.kernel_size if isinstance(row, DepthwiseRow) else (row.kernel_size,)

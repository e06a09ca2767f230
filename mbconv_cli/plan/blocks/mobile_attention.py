"""Mobile attention: multi-query attention among the pixels, with the keys and values of fewer pixels, and a shortcut.

Qin et al., arXiv:2404.10518, section 4.2 ("Mobile MQA").
"""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.op_kinds import Add, MultiQueryAttention
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, Style, convolution, normalize, scale_channels
from mbconv_cli.spec.attention_rows import MobileAttention
from mbconv_cli.spec.spec import Spec

BLOCK_TYPE = "MobileMQA"


def plan_mobile_attention(block: BlockDraft, row: MobileAttention, spec: Spec, x: Value, _: Place) -> Value:
    """Add the block's ops: norm, three 1x1 convolutions, attention, a 1x1 convolution; the channels stay."""
    style = Style(spec.norm, row.padding or spec.padding, spec.bias if row.bias is None else row.bias)
    y = normalize(block, "attention", x, spec.norm)
    queries = _projected(block, y, style, row.heads * row.key_filters, "query")
    keys = _projected(block, _reduced(block, y, style, row, "key"), style, row.key_filters, "key")
    values = _projected(block, _reduced(block, y, style, row, "value"), style, row.value_filters, "value")
    kind = MultiQueryAttention(row.heads, row.key_filters, row.value_filters)
    y = block.add("attention", "attend", kind, queries, keys, values)
    y = _projected(block, y, style, x.channels, "output")
    y = scale_channels(block, "attention", y, row.layer_scale)
    return block.add("shortcut", "add", Add(), y, x) if row.shortcut == "identity" else y


def _reduced(block: BlockDraft, x: Value, style: Style, row: MobileAttention, part: str) -> Value:
    """A strided depthwise convolution with norm, where the row wants fewer keys than pixels."""
    if row.reduction == (1, 1):
        return x
    return convolution(
        block,
        "attention",
        x,
        style,
        x.channels,
        kernel_size=row.kernel_size,
        stride=row.reduction,
        groups=x.channels,
        part=f"{part}.reduce.",
    )


def _projected(block: BlockDraft, x: Value, style: Style, filters: int, part: str) -> Value:
    return convolution(block, "attention", x, style, filters, norm=False, part=f"{part}.")


def describe_mobile_attention(row: MobileAttention) -> str:
    """As the paper calls it, with the number of heads."""
    return f"{BLOCK_TYPE}, {row.heads} heads"

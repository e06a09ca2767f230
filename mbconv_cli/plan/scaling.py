"""Compound scaling: how many filters and repeats a scaled network has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import assert_never

from mbconv_cli.spec.rows import Row
from mbconv_cli.spec.spec import Scaling


def make_divisible(value: float, divisor: int, round_limit: float = 0.9) -> int:
    """The multiple of the divisor nearest to the value, or the next one where that is below `round_limit` of it.

    As in MobileNet's reference code (tensorflow/models, research/slim/nets/mobilenet/conv_blocks.py).
    """
    nearest = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < round_limit * value else nearest


def scale_filters(filters: int, scaling: Scaling) -> int:
    """Filters under a width factor; a factor of one leaves them as the table gives them."""
    if scaling.width == 1:
        return filters
    return make_divisible(filters * scaling.width, scaling.divisor, scaling.round_limit)


def expand_filters(filters: int, expand_ratio: float, divisor: int) -> int:
    """Channels after an expansion: the nearest whole number, or a multiple of the divisor; at least one."""
    expanded = filters * expand_ratio
    return make_divisible(expanded, divisor) if divisor > 1 else max(1, round(expanded))


def scale_stem(filters: int, scaling: Scaling) -> int:
    """The stem's filters, which some families do not scale."""
    return filters if scaling.stem == "fixed" else scale_filters(filters, scaling)


def scale_head(filters: int, scaling: Scaling) -> int:
    """The head's filters, which some families do not scale, or only up."""
    match scaling.head:
        case "scaled":
            return scale_filters(filters, scaling)
        case "widened":
            return max(filters, scale_filters(filters, scaling))
        case "fixed":
            return filters
        case _:
            assert_never(scaling.head)


def scale_repeats(rows: Sequence[Row], scaling: Scaling) -> list[int]:
    """How often each row's block is repeated under a depth factor; joined rows are scaled as one."""
    stages: list[list[int]] = []
    for row in rows:
        if row.joined and stages:
            stages[-1].append(row.num_repeat)
        else:
            stages.append([row.num_repeat])
    repeats: list[int] = []
    for index, stage in enumerate(stages):
        at_end = index in {0, len(stages) - 1}
        repeats += stage if at_end and scaling.fixed_ends else _share_out(stage, scale_repeat(sum(stage), scaling))
    return repeats


def scale_repeat(num_repeat: int, scaling: Scaling) -> int:
    """Repeats under a depth factor, at least one (EfficientNet's `round_repeats` rounds up)."""
    scaled = num_repeat * scaling.depth
    return math.ceil(scaled) if scaling.depth_rounding == "up" else max(1, round(scaled))


def _share_out(repeats: Sequence[int], scaled: int) -> list[int]:
    """A stage's scaled repeats in its rows' proportions, at least one each; what rounding leaves is the first rows'.

    As timm does (timm/models/_efficientnet_builder.py, `_scale_stage_depth`): from the last row to the first.
    """
    left, shares = sum(repeats), []
    for repeat in reversed(repeats):
        share = max(1, round(repeat / left * scaled))
        shares.append(share)
        left, scaled = left - repeat, scaled - share
    return shares[::-1]

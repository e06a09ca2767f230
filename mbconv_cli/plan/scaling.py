"""Compound scaling: how many filters and repeats a scaled network has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, assert_never

from mbconv_cli.spec.inverted_residual_rows import GhostBottleneck, MBConv
from mbconv_cli.spec.row_keys import Row
from mbconv_cli.spec.spec import Scaling, Spec


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


def scale_layer(filters: int, rule: Literal["scaled", "fixed", "widened"], scaling: Scaling) -> int:
    """The filters of head or hidden layer, which some families do not scale, or only up."""
    match rule:
        case "scaled":
            return scale_filters(filters, scaling)
        case "widened":
            return max(filters, scale_filters(filters, scaling))
        case "fixed":
            return filters
        case _:
            assert_never(rule)


def scale_head(filters: int, spec: Spec) -> int:
    """The head's filters."""
    scaling = spec.scaling
    if scaling.head != "ratio":
        return scale_layer(filters, scaling.head, scaling)
    before = spec.filters_into(len(spec.blocks))
    return round(filters / before * scale_filters(before, scaling))


def scale_repeats(spec: Spec) -> list[int]:
    """How often each row's block is repeated under the depth factor; the rows of a stage are scaled as one.

    Pooling and skipped rows stay as they are.
    """
    stages, scaling = spec.stages(), spec.scaling
    repeats = [row.num_repeat for row in spec.blocks]
    for number, stage in enumerate(stages):
        scaled = [index for index in stage if isinstance(spec.blocks[index], Row)]
        if not scaled or (scaling.fixed_ends and number in {0, len(stages) - 1}):
            continue
        given = [repeats[index] for index in scaled]
        for index, repeat in zip(scaled, _share_out(given, scale_repeat(sum(given), scaling)), strict=True):
            repeats[index] = repeat
    return repeats


def compounded(spec: Spec) -> Spec:
    """The Spec with the width, depth and resolution of its compound coefficient; itself where it has none.

    Tan and Le, arXiv:1905.11946, equation 3. The resolution is a whole number of pixels.
    """
    scaling = spec.scaling
    if scaling.compound is None:
        return spec
    assert scaling.alpha is not None
    assert scaling.beta is not None
    assert scaling.gamma is not None
    phi = scaling.compound
    height, width = (max(1, round(extent * scaling.gamma**phi)) for extent in spec.input.resolution)
    factors = {"width": scaling.beta**phi, "depth": scaling.alpha**phi, "resolution": (height, width)}
    return spec.model_copy(update={"scaling": scaling.model_copy(update={**factors, "compound": None})})


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


def expanded_filters(row: MBConv | GhostBottleneck, spec: Spec, channels_in: int, table_filters: int) -> int:
    """The channels that a row expands to.

    Args:
        row: has a ratio or a number.
        spec: its network.
        channels_in: what comes into the block.
        table_filters: the same as the table gives it, before any scaling.
    """
    if row.expanded_filters is None:
        assert row.expand_ratio is not None  # the Spec has exactly one of the two
        return expand_filters(channels_in, row.expand_ratio, spec.expand_divisor)
    if spec.scaling.expansion == "filters":
        return scale_filters(row.expanded_filters, spec.scaling)
    if channels_in == table_filters:
        return row.expanded_filters
    return expand_filters(channels_in, row.expanded_filters / table_filters, spec.expand_divisor)

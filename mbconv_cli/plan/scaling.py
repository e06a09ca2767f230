"""Compound scaling: how many filters and repeats a scaled network has."""

from __future__ import annotations

import math

from mbconv_cli.spec.network import Scaling


def make_divisible(value: float, divisor: int) -> int:
    """The multiple of the divisor nearest to the value, but at most 10 % below it.

    As in MobileNet's reference code (tensorflow/models, research/slim/nets/mobilenet/conv_blocks.py).
    """
    nearest = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * value else nearest


def scale_filters(filters: int, scaling: Scaling) -> int:
    """Filters under a width factor; a factor of one leaves them as the table gives them."""
    return filters if scaling.width == 1 else make_divisible(filters * scaling.width, scaling.divisor)


def scale_repeat(num_repeat: int, scaling: Scaling) -> int:
    """Repeats under a depth factor, rounded up (EfficientNet's `round_repeats`)."""
    return math.ceil(num_repeat * scaling.depth)

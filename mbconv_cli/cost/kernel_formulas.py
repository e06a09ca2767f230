"""One large kernel against a stack of small ones, in depthwise separable convolutions: where the cheaper one changes.

Tan et al., arXiv:1807.11626 (MnasNet), on layer diversity: with input H x W x M and output H x W x N, a depthwise
separable convolution with a k x k kernel costs H W M (k^2 + N) multiply-adds; so one 5x5, H W M (25 + N), costs
less than two 3x3, 2 H W M (9 + N), as soon as N > 7. Both 3x3 are taken to see M channels. As built, the second
one sees the N channels that the first one gives: M -> N -> N.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction


def paper_macs(kernels: Sequence[int], n: int) -> int:
    """MAC per H W M of depthwise separable convolutions to N channels, each of which is taken to see M."""
    return sum(kernel * kernel + n for kernel in kernels)


def paper_crossing(kernel: int, stack: Sequence[int]) -> Fraction | None:
    """The N at which one kernel costs as much as the stack, in the paper's accounting; above it, it costs less.

    k^2 + N = sum k_i^2 + L N for a stack of L kernels, so N = (k^2 - sum k_i^2) / (L - 1). None for a stack of
    one: its cost differs by the same amount at every N.
    """
    if len(stack) == 1:
        return None
    return Fraction(kernel**2 - sum(small**2 for small in stack), len(stack) - 1)


def built_crossing(kernel: int, stack: Sequence[int], m: int) -> float | None:
    """The N at which both cost the same as built, M -> N -> ... -> N; above it, one kernel costs less.

    M (k^2 + N) = M (k_1^2 + N) + N (sum of the other k_i^2 + (L - 1) N) is a quadratic equation in N; its larger
    root is the only one that can be positive. Where M = N, it is the paper's crossing. None for a stack of one.
    """
    first, *others = stack
    if not others:
        return None
    gap = m * (kernel**2 - first**2)
    squares = sum(small**2 for small in others)
    under_root = squares**2 + 4 * len(others) * gap
    return (math.sqrt(under_root) - squares) / (2 * len(others)) if under_root >= 0 else 0.0


def receptive_field(kernels: Sequence[int], stride: int) -> int:
    """The extent in pixels of what one output sees through layers, the first of which has the stride.

    1 + sum (k_i - 1) x the strides before layer i (Araujo et al., Computing Receptive Fields of Convolutional
    Neural Networks, Distill 2019, equation 2).
    """
    first, *others = kernels
    return first + stride * sum(kernel - 1 for kernel in others)


def equal_stack(kernel: int, small: int = 3) -> tuple[int, ...]:
    """Small kernels that together see as much as one odd kernel at stride 1."""
    return (small,) * ((kernel - 1) // (small - 1))

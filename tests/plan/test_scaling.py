"""Compound scaling: filters against the tables of the papers' code, repeats, and what always holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.plan.scaling import make_divisible, scale_filters, scale_repeat, scale_repeats
from mbconv_cli.spec.inverted_residual_rows import MBConv
from mbconv_cli.spec.spec import Input, Scaling, Spec


@pytest.mark.parametrize(
    ("value", "divisor", "divisible"),
    [
        (1, 8, 8),
        (8, 8, 8),
        (11.9, 8, 16),  # 8 would lose more than 10 %
        (12, 8, 16),
        (19, 8, 24),  # the nearest, 16, is 84 % of it
        (20, 8, 24),
        (35.2, 8, 32),  # 32 is 91 % of it
        (35.6, 8, 40),  # 32 is 89.9 % of it
        (32 * 1.4, 8, 48),
        (24 * 0.35, 8, 8),
        (96 * 0.35, 8, 32),
        (16 * 1.1, 8, 16),
        (0.001, 8, 8),
        (5, 1, 5),
        (5.5, 1, 6),
        (1000, 3, 999),
    ],
)
def test_make_divisible(value: float, divisor: int, divisible: int) -> None:
    assert make_divisible(value, divisor) == divisible


@given(value=st.floats(0.01, 1e9), divisor=st.integers(1, 1_000))
def test_divisible_close_and_never_much_below(value: float, divisor: int) -> None:
    divisible = make_divisible(value, divisor)
    assert divisible % divisor == 0
    assert divisible >= divisor
    assert divisible >= 0.9 * value
    assert divisible <= max(divisor, value + divisor)


def test_a_width_of_one_leaves_filters_that_are_no_multiple() -> None:
    assert scale_filters(30, Scaling()) == 30
    assert scale_filters(30, Scaling(width=1.0000001)) == 32


@pytest.mark.parametrize(
    ("width", "filters"),
    [  # EfficientNet B2, B4 and B7: the filters of stem, rows and head in torchvision
        (1.1, [32, 16, 24, 48, 88, 120, 208, 352, 1408]),
        (1.4, [48, 24, 32, 56, 112, 160, 272, 448, 1792]),
        (2.0, [64, 32, 48, 80, 160, 224, 384, 640, 2560]),
    ],
)
def test_filters_of_the_efficientnets(width: float, filters: list[int]) -> None:
    b0 = [32, 16, 24, 40, 80, 112, 192, 320, 1280]
    assert [scale_filters(count, Scaling(width=width)) for count in b0] == filters


@pytest.mark.parametrize(
    ("depth", "repeats"),
    [
        (1.0, [1, 2, 2, 3, 3, 4, 1]),
        (1.1, [2, 3, 3, 4, 4, 5, 2]),
        (1.8, [2, 4, 4, 6, 6, 8, 2]),
        (3.1, [4, 7, 7, 10, 10, 13, 4]),
    ],
)
def test_repeats_of_the_efficientnets(depth: float, repeats: list[int]) -> None:
    assert [scale_repeat(count, Scaling(depth=depth)) for count in (1, 2, 2, 3, 3, 4, 1)] == repeats


def test_a_repeat_never_vanishes() -> None:
    assert scale_repeat(1, Scaling(depth=1e-9)) == 1


@given(
    stages=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4), min_size=1, max_size=4),
    depth=st.sampled_from([0.5, 0.9, 1.0, 1.3, 1.4, 2.2, 3.1]),
    nearest=st.booleans(),
    fixed_ends=st.booleans(),
)
def test_joined_rows_share_the_repeats_of_their_stage_as_in_timm(
    stages: list[list[int]], depth: float, nearest: bool, fixed_ends: bool
) -> None:
    builder: Any = pytest.importorskip("timm.models._efficientnet_builder", reason="timm is not installed")
    strings = [[f"ir_r{repeat}_k{index + 1}_s1_e1_c8" for index, repeat in enumerate(stage)] for stage in stages]
    theirs = builder.decode_arch_def(strings, depth, "round" if nearest else "ceil", fix_first_last=fixed_ends)
    expected = [[block["dw_kernel_size"] for block in stage] for stage in theirs]
    rows = [
        MBConv(kernel_size=(1,), expand_ratio=1.0, output_filters=8, num_repeat=repeat, joined=index > 0)
        for stage in stages
        for index, repeat in enumerate(stage)
    ]
    scaling = Scaling(depth=depth, depth_rounding="nearest" if nearest else "up", fixed_ends=fixed_ends)
    repeats = iter(scale_repeats(Spec(name="n", input=Input(resolution=(8, 8)), blocks=tuple(rows), scaling=scaling)))
    ours = [[index + 1 for index, _ in enumerate(stage) for _ in range(next(repeats))] for stage in stages]
    assert ours == expected

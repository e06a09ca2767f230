"""The block types beyond MBConv, written out: names, kernels, channels, groups, in running order."""

from __future__ import annotations

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    BlurPool,
    ChannelSlice,
    Concat,
    Conv2d,
    Kind,
    MaxPool,
)
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.loader import load_text


def plan_of(row: str, *, channels: int = 8, resolution: int = 16, more: str = "") -> Plan:
    text = f"input: {{channels: {channels}, resolution: {resolution}}}\n{more}\nblocks:\n  - {row}\n"
    return plan_loaded(load_text(text, "x.yaml"))


def names(plan: Plan) -> list[str]:
    return [op.name.removeprefix("stages.0.0.") for op in plan.ops]


def convolutions(plan: Plan) -> list[tuple[int, int, int, int]]:
    """(channels in, channels out, kernel size, groups) of each."""
    kinds = [op.kind for op in plan.ops if isinstance(op.kind, Conv2d)]
    return [(conv.in_channels, conv.out_channels, conv.kernel_size[0], conv.groups) for conv in kinds]


def test_fused_mbconv_expands_with_its_full_convolution() -> None:
    plan = plan_of("{type: fused_mbconv, kernel_size: 3, expand_ratio: 4, output_filters: 8, se_ratio: 0.25}")
    assert convolutions(plan) == [(8, 32, 3, 1), (32, 2, 1, 1), (2, 32, 1, 1), (32, 8, 1, 1)]
    assert names(plan)[-1] == "shortcut.add"


def test_fused_mbconv_without_expansion_is_one_convolution_with_activation() -> None:
    plan = plan_of("{type: fused_mbconv, kernel_size: 3, expand_ratio: 1, output_filters: 8}")
    assert names(plan) == ["project.conv", "project.norm", "project.activation", "shortcut.add"]


def test_fused_mbconv_can_take_its_expansion_of_other_channels_and_in_groups() -> None:
    row = "{type: fused_mbconv, kernel_size: 3, expand_ratio: 4, expand_base: 16, group_size: 16, output_filters: 24}"
    assert convolutions(plan_of(row)) == [(8, 64, 3, 4), (64, 24, 1, 1)]


def test_mixed_kernels_share_the_channels_and_the_first_has_what_is_left_over() -> None:
    plan = plan_of("{kernel_size: [3, 5, 7], expand_ratio: 1, output_filters: 8, stride: 2}")
    assert convolutions(plan)[:3] == [(4, 4, 3, 4), (2, 2, 5, 2), (2, 2, 7, 2)]
    slices = [op.kind for op in plan.ops if isinstance(op.kind, ChannelSlice)]
    assert slices == [ChannelSlice(0, 4), ChannelSlice(4, 6), ChannelSlice(6, 8)]
    (concat,) = [op for op in plan.ops if isinstance(op.kind, Concat)]
    assert concat.output.shape == (8, 8, 8)
    assert names(plan)[:3] == ["depthwise.slice.0", "depthwise.conv.0", "depthwise.slice.1"]


def test_more_kernel_sizes_than_channels_are_refused() -> None:
    with pytest.raises(InputError, match="2 channels are too few for 3 kernel sizes"):
        plan_of("{kernel_size: [3, 5, 7], expand_ratio: 1, output_filters: 8}", channels=2)


def test_grouped_pointwise_convolutions() -> None:
    plan = plan_of("{kernel_size: 3, expand_ratio: 2, expand_groups: 2, project_groups: 4, output_filters: 8}")
    assert convolutions(plan) == [(8, 16, 1, 2), (16, 16, 3, 16), (16, 8, 1, 4)]


def test_groups_that_do_not_divide_the_channels_are_told_with_their_place() -> None:
    with pytest.raises(InputError, match=r"x.yaml:4:5: .*9 channels in and 18 out do not divide into 2 groups"):
        plan_of("{kernel_size: 3, expand_ratio: 2, expand_groups: 2, output_filters: 8}", channels=9)


def test_unit_expansion_keeps_an_expansion_that_changes_nothing() -> None:
    plan = plan_of("{kernel_size: 3, expand_ratio: 1, unit_expansion: true, output_filters: 8}")
    assert names(plan)[0] == "expand.conv"


def test_rep_vgg_sums_its_branches_and_the_input_where_it_fits() -> None:
    plan = plan_of("{type: rep_vgg, output_filters: 16, stride: 2, num_repeat: 2}")
    of_blocks = [[op for op in plan.ops if op.block == f"stages.0.{index}"] for index in range(2)]
    assert [sum(isinstance(op.kind, Add) for op in ops) for ops in of_blocks] == [1, 2]
    assert [op.kind.kernel_size for op in of_blocks[1] if isinstance(op.kind, Conv2d)] == [(1, 1), (3, 3)]
    assert sum(isinstance(op.kind, BatchNorm) for op in of_blocks[1]) == 3


def test_rep_vgg_may_sum_several_full_convolutions_and_squeezes_the_sum() -> None:
    plan = plan_of("{type: rep_vgg, output_filters: 8, branches: 2, se_ratio: 0.5}", more="activation: swish")
    assert [name for name in names(plan) if "conv" in name or "add" in name] == [
        "convolution.point.conv",
        "convolution.point.norm",
        "convolution.0.conv",
        "convolution.0.norm",
        "convolution.0.add",
        "convolution.1.conv",
        "convolution.1.norm",
        "convolution.1.add",
        "shortcut.add",
    ]
    assert names(plan)[-2:] == ["se.multiply", "shortcut.sum_activation"]


def test_mobile_one_sums_depthwise_convolutions_and_then_1x1_ones() -> None:
    plan = plan_of("{type: mobile_one, output_filters: 16, branches: 2, stride: 2, num_repeat: 2}")
    first, second = ([op for op in plan.ops if op.block == f"stages.0.{index}"] for index in range(2))
    assert [sum(isinstance(op.kind, Add) for op in ops) for ops in (first, second)] == [2 + 1, 3 + 2]
    found = [(op.kind.kernel_size[0], op.kind.groups, op.kind.stride) for op in first if isinstance(op.kind, Conv2d)]
    assert found == [(1, 8, (2, 2)), *[(3, 8, (2, 2))] * 2, *[(1, 1, (1, 1))] * 2]
    assert second[0].name == "stages.0.1.depthwise.identity.norm"


def test_branches_of_different_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="the branches give 16x16 and 14x14 pixels; a sum of them needs padding"):
        plan_of("{type: rep_vgg, output_filters: 8, padding: valid}")


@pytest.mark.parametrize(
    ("pooling", "kind"),
    [
        ("blur", BlurPool(16, (3, 3), (2, 2), (1, 1, 1, 1))),
        ("zero_padded_blur", BlurPool(16, (3, 3), (2, 2), (1, 1, 1, 1), "zero")),
        ("average", AvgPool((2, 2), (2, 2), (0, 0, 0, 0))),
    ],
)
def test_a_pooling_against_aliasing_has_the_stride_behind_norm_and_activation(pooling: str, kind: Kind) -> None:
    row = f"{{kernel_size: 3, expand_ratio: 2, output_filters: 8, stride: 2, num_repeat: 2, anti_aliasing: {pooling}}}"
    plan = plan_of(row)
    first = [op for op in plan.ops if op.block == "stages.0.0"]
    place = next(index for index, op in enumerate(first) if op.kind == kind)
    assert first[place - 1].name == "stages.0.0.depthwise.activation"
    assert all(op.kind.stride == (1, 1) for op in plan.ops if isinstance(op.kind, Conv2d))
    assert sum(op.kind == kind for op in plan.ops) == 1


def test_a_shortcut_keeps_its_stride_beside_a_pooling_against_aliasing() -> None:
    plan = plan_of("{type: basic_block, output_filters: 16, stride: 2, anti_aliasing: blur}")
    assert [op.kind.stride for op in plan.ops if isinstance(op.kind, Conv2d)] == [(1, 1), (1, 1), (2, 2)]


def test_a_map_of_one_pixel_has_no_border_to_reflect() -> None:
    with pytest.raises(InputError, match="a 1x1 feature map is too small to be reflected at its border"):
        plan_of("{type: pool, pooling: blur, kernel_size: 3}", resolution=1)


def test_a_basic_block_strides_in_its_first_convolution_and_activates_the_sum() -> None:
    plan = plan_of("{type: basic_block, output_filters: 16, stride: 2, se_ratio: 0.5}")
    convolutions = [(op.role, op.kind.kernel_size, op.kind.stride) for op in plan.ops if isinstance(op.kind, Conv2d)]
    assert [one for one in convolutions if one[0] not in {"stem", "se"}] == [
        ("convolution", (3, 3), (2, 2)),
        ("convolution", (3, 3), (1, 1)),
        ("shortcut", (1, 1), (2, 2)),
    ]
    assert plan.ops[-1].name == "stages.0.0.shortcut.sum_activation"


def test_bottleneck_strides_in_the_middle_and_activates_the_sum() -> None:
    plan = plan_of("{type: bottleneck, bottleneck_filters: 4, output_filters: 16, stride: 2}")
    assert convolutions(plan) == [(8, 4, 1, 1), (4, 4, 3, 1), (4, 16, 1, 1), (8, 16, 1, 1)]
    strides = [op.kind.stride[0] for op in plan.ops if isinstance(op.kind, Conv2d)]
    assert strides == [1, 2, 1, 2]
    assert names(plan)[-2:] == ["shortcut.add", "shortcut.sum_activation"]


def test_xception_pools_instead_of_striding_and_has_no_norm_in_between() -> None:
    plan = plan_of("{type: xception, convolutions: 2, output_filters: 16, stride: 2, widen: last}")
    assert names(plan) == [
        "depthwise.0.activation",
        "depthwise.0.conv",
        "project.0.conv",
        "project.0.norm",
        "depthwise.1.activation",
        "depthwise.1.conv",
        "project.1.conv",
        "project.1.norm",
        "project.max_pool",
        "shortcut.conv",
        "shortcut.norm",
        "shortcut.add",
    ]
    assert convolutions(plan) == [(8, 8, 3, 8), (8, 8, 1, 1), (8, 8, 3, 8), (8, 16, 1, 1), (8, 16, 1, 1)]
    assert plan.output_shape == (16, 8, 8)


def test_xception_may_stride_in_its_last_convolution_with_norms_in_between() -> None:
    row = "{type: xception, convolutions: 3, output_filters: 16, stride: 2, stride_at: last, norm_between: true"
    plan = plan_of(row + ", widen: second}")
    assert [name for name in names(plan) if name.startswith("depthwise.2")] == [
        "depthwise.2.activation",
        "depthwise.2.conv",
        "depthwise.2.norm",
    ]
    assert convolutions(plan) == [
        (8, 8, 3, 8), (8, 8, 1, 1), (8, 8, 3, 8), (8, 16, 1, 1), (16, 16, 3, 16), (16, 16, 1, 1), (8, 16, 1, 1),
    ]  # fmt: skip
    strides = [op.kind.stride[0] for op in plan.ops if isinstance(op.kind, Conv2d)]
    assert strides == [1, 1, 1, 1, 2, 1, 2]
    assert not any(isinstance(op.kind, MaxPool) for op in plan.ops)


def test_xception_can_begin_without_activation_and_widen_first() -> None:
    plan = plan_of("{type: xception, convolutions: 2, output_filters: 16, first_activation: false}")
    assert not isinstance(plan.ops[0].kind, Activation)
    assert convolutions(plan)[1] == (8, 16, 1, 1)


def test_a_convolution_may_have_a_padding_of_its_own() -> None:
    plan = plan_of("{type: conv, kernel_size: 3, output_filters: 4, padding: valid}")
    assert plan.output_shape == (4, 14, 14)


def test_a_stem_may_be_deep() -> None:
    row = "{type: conv, kernel_size: 1, output_filters: 4}"
    plan = plan_of(row, more="stem: {kernel_size: 3, filters_before: [4, 6], output_filters: 8}")
    of_stem = [op for op in plan.ops if op.stage == "stem"]
    assert [op.name for op in of_stem][::3] == ["stem.0.conv", "stem.1.conv", "stem.conv"]
    found = [(op.kind.out_channels, op.kind.stride) for op in of_stem if isinstance(op.kind, Conv2d)]
    assert found == [(4, (2, 2)), (6, (1, 1)), (8, (1, 1))]
    assert plan.blocks[0].operator == "3 Conv, k3x3"


def test_a_stem_may_pool() -> None:
    plan = plan_of(
        "{type: conv, kernel_size: 1, output_filters: 4}",
        resolution=32,
        more="stem: {kernel_size: 7, output_filters: 8, max_pool: {kernel_size: 3}}",
    )
    (pool,) = [op for op in plan.ops if isinstance(op.kind, MaxPool)]
    assert pool.name == "stem.max_pool"
    assert pool.output.shape == (8, 8, 8)


@pytest.mark.parametrize(
    ("kernels", "operator", "expected"),
    [
        (
            "start_kernel_size: 3, middle_kernel_size: 5",
            "ExtraDW2, k3x3+5x5",
            [(8, 8, 3, 8), (8, 16, 1, 1), (16, 16, 5, 16), (16, 8, 1, 1)],
        ),
        ("middle_kernel_size: 5", "IB2, k5x5", [(8, 16, 1, 1), (16, 16, 5, 16), (16, 8, 1, 1)]),
        ("start_kernel_size: 3", "ConvNext2, k3x3", [(8, 8, 3, 8), (8, 16, 1, 1), (16, 8, 1, 1)]),
        ("start_kernel_size: null", "FFN2", [(8, 16, 1, 1), (16, 8, 1, 1)]),
    ],
)
def test_universal_inverted_bottleneck(kernels: str, operator: str, expected: list[tuple[int, int, int, int]]) -> None:
    plan = plan_of(f"{{type: universal_inverted_bottleneck, expand_ratio: 2, output_filters: 8, {kernels}}}")
    assert convolutions(plan) == expected
    assert plan.blocks[0].operator == operator
    activations = [op.name for op in plan.ops if isinstance(op.kind, Activation)]
    has_middle = ["stages.0.0.depthwise.middle.activation"] * ("middle" in kernels)
    assert activations == ["stages.0.0.expand.activation", *has_middle]
    assert names(plan)[-1] == "shortcut.add"


@pytest.mark.parametrize(
    ("kernels", "strided"),
    [
        ("start_kernel_size: 3, middle_kernel_size: 5", "depthwise.middle.conv"),
        ("middle_kernel_size: 5", "depthwise.middle.conv"),
        ("start_kernel_size: 3", "depthwise.start.conv"),
    ],
)
def test_the_last_depthwise_convolution_of_a_universal_inverted_bottleneck_has_the_stride(
    kernels: str, strided: str
) -> None:
    plan = plan_of(f"{{type: universal_inverted_bottleneck, expand_ratio: 2, output_filters: 8, stride: 2, {kernels}}}")
    strides = {op.name: op.kind.stride for op in plan.ops if isinstance(op.kind, Conv2d)}
    assert [name for name, stride in strides.items() if stride == (2, 2)] == [f"stages.0.0.{strided}"]
    assert plan.output_shape == (8, 8, 8)


def test_a_stride_needs_a_depthwise_kernel() -> None:
    with pytest.raises(InputError, match=r"x\.yaml:4:5: row 1: a stride needs a depthwise kernel"):
        plan_of("{type: universal_inverted_bottleneck, expand_ratio: 2, output_filters: 8, stride: 2}")

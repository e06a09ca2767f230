"""What blocks consist of: names, roles and inputs written out, and what each convention changes."""

from __future__ import annotations

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.plan.blocks.registry import describe
from mbconv_cli.plan.op_kinds import OP_NAMES, Activation, Conv2d
from mbconv_cli.plan.ops import Op, Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.loader import load_text


def plan(rows: str, *, network: str = "", channels: int = 8) -> Plan:
    return plan_loaded(
        load_text(f"input: {{resolution: 8, channels: {channels}}}\n{network}\nblocks: [{rows}]\n", "f.yaml")
    )


def row(**keys: object) -> str:
    keys = {"kernel_size": 3, "output_filters": 8, "expand_ratio": 6} | keys
    return "{" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}"


def written_out(plan: Plan) -> list[tuple[str, str, str, tuple[str, ...], tuple[int, ...]]]:
    """Each op's name, kind, role, inputs and output shape, without the block's own name before them."""
    return [
        (
            op.name.removeprefix("stages.0.0."),
            OP_NAMES[type(op.kind)],
            op.role,
            tuple(value.name.removeprefix("stages.0.0.") for value in op.inputs),
            op.output.shape,
        )
        for op in plan.ops
    ]


def names(plan: Plan, role: str) -> list[str]:
    return [op.name.removeprefix("stages.0.0.") for op in plan.ops if op.role == role]


def only(plan: Plan, name: str) -> Op:
    (op,) = (op for op in plan.ops if op.name == f"stages.0.0.{name}")
    return op


def squeezed(plan: Plan) -> int:
    conv = only(plan, "se.reduce").kind
    assert isinstance(conv, Conv2d)
    return conv.out_channels


def function(plan: Plan, name: str) -> str:
    activation = only(plan, name).kind
    assert isinstance(activation, Activation)
    return activation.function


def test_mbconv_with_squeeze_and_excitation_and_shortcut() -> None:
    assert written_out(plan(row(se_ratio=0.25))) == [
        ("expand.conv", "conv2d", "expand", ("input",), (48, 8, 8)),
        ("expand.norm", "batch_norm", "expand", ("expand.conv",), (48, 8, 8)),
        ("expand.activation", "activation", "expand", ("expand.norm",), (48, 8, 8)),
        ("depthwise.conv", "conv2d", "depthwise", ("expand.activation",), (48, 8, 8)),
        ("depthwise.norm", "batch_norm", "depthwise", ("depthwise.conv",), (48, 8, 8)),
        ("depthwise.activation", "activation", "depthwise", ("depthwise.norm",), (48, 8, 8)),
        ("se.pool", "global_avg_pool", "se", ("depthwise.activation",), (48, 1, 1)),
        ("se.reduce", "conv2d", "se", ("se.pool",), (2, 1, 1)),
        ("se.activation", "activation", "se", ("se.reduce",), (2, 1, 1)),
        ("se.expand", "conv2d", "se", ("se.activation",), (48, 1, 1)),
        ("se.gate", "activation", "se", ("se.expand",), (48, 1, 1)),
        ("se.multiply", "multiply", "se", ("depthwise.activation", "se.gate"), (48, 8, 8)),
        ("project.conv", "conv2d", "project", ("se.multiply",), (8, 8, 8)),
        ("project.norm", "batch_norm", "project", ("project.conv",), (8, 8, 8)),
        ("shortcut.add", "add", "shortcut", ("project.norm", "input"), (8, 8, 8)),
    ]


def test_depthwise_separable() -> None:
    rows = "{type: depthwise_separable, kernel_size: 5, output_filters: 12, stride: 2}"
    assert written_out(plan(rows)) == [
        ("depthwise.conv", "conv2d", "depthwise", ("input",), (8, 4, 4)),
        ("depthwise.norm", "batch_norm", "depthwise", ("depthwise.conv",), (8, 4, 4)),
        ("depthwise.activation", "activation", "depthwise", ("depthwise.norm",), (8, 4, 4)),
        ("project.conv", "conv2d", "project", ("depthwise.activation",), (12, 4, 4)),
        ("project.norm", "batch_norm", "project", ("project.conv",), (12, 4, 4)),
        ("project.activation", "activation", "project", ("project.norm",), (12, 4, 4)),
    ]
    assert only(plan(rows), "depthwise.conv").kind == Conv2d(8, 8, (5, 5), (2, 2), (2, 2, 2, 2), groups=8)


@pytest.mark.parametrize(
    ("between", "after", "activations"),
    [
        (True, True, ["depthwise.activation", "project.activation"]),
        (True, False, ["depthwise.activation"]),
        (False, True, ["project.activation"]),
        (False, False, []),
    ],
)
def test_activations_of_depthwise_separable(between: bool, after: bool, activations: list[str]) -> None:
    choice = f"activation_between: {between}, activation_after: {after}".lower()
    made = plan(f"{{type: depthwise_separable, kernel_size: 3, output_filters: 8, {choice}}}")
    assert [op.name.removeprefix("stages.0.0.") for op in made.ops if isinstance(op.kind, Activation)] == activations


def test_depthwise_separable_with_squeeze_and_excitation_and_shortcut() -> None:
    made = plan("{type: depthwise_separable, kernel_size: 3, output_filters: 8, se_ratio: 0.5, shortcut: identity}")
    assert squeezed(made) == 4
    assert names(made, "shortcut") == ["shortcut.add"]


def test_no_expansion_where_the_channels_stay() -> None:
    assert names(plan(row(expand_ratio=1)), "expand") == []
    rows = "{kernel_size: 3, output_filters: 8, expanded_filters: 8}"
    assert names(plan(rows), "expand") == []


@pytest.mark.parametrize(("ratio", "channels"), [(0.5, 4), (1.3, 10), (0.001, 1), (2.25, 18)])
def test_expansion_to_a_whole_number_of_channels(ratio: float, channels: int) -> None:
    assert only(plan(row(expand_ratio=ratio)), "expand.conv").output.channels == channels


def test_the_activation_of_the_row_goes_before_that_of_the_network() -> None:
    made = plan(row(activation="swish", se_ratio=0.5), network="activation: relu6")
    assert {function(made, name) for name in ("expand.activation", "depthwise.activation", "se.activation")} == {
        "swish"
    }
    assert names(plan(row(activation="none")), "expand") == ["expand.conv", "expand.norm"]


def test_the_second_block_of_a_stage_reads_the_first_and_has_no_stride() -> None:
    made = plan(row(num_repeat=2, stride=2, output_filters=16))
    first, second = made.blocks
    assert (first.name, first.stride, first.input_shape, first.output_shape) == (
        "stages.0.0", (2, 2), (8, 8, 8), (16, 4, 4),
    )  # fmt: skip
    assert (second.name, second.stride, second.input_shape, second.output_shape) == (
        "stages.0.1", (1, 1), (16, 4, 4), (16, 4, 4),
    )  # fmt: skip
    add = made.ops[-1]
    assert add.name == "stages.0.1.shortcut.add"
    assert [value.name for value in add.inputs] == ["stages.0.1.project.norm", "stages.0.0.project.norm"]


@pytest.mark.parametrize(
    ("keys", "added"),
    [
        ({}, ["shortcut.add"]),
        ({"shortcut": "none"}, []),
        ({"output_filters": 12}, []),
        ({"stride": 2}, []),
        ({"stride": "[1, 2]"}, []),
        ({"shortcut": "projection"}, ["shortcut.add"]),
        ({"shortcut": "projection", "output_filters": 12}, ["shortcut.conv", "shortcut.norm", "shortcut.add"]),
        ({"shortcut": "projection", "stride": 2}, []),
        ({"id_skip": "false"}, []),
    ],
)
def test_shortcuts(keys: dict[str, object], added: list[str]) -> None:
    assert names(plan(row(**keys)), "shortcut") == added


def test_a_projected_shortcut_reads_the_block_input() -> None:
    made = plan(row(shortcut="projection", output_filters=12))
    assert [value.name for value in only(made, "shortcut.conv").inputs] == ["input"]
    assert only(made, "shortcut.conv").kind == Conv2d(8, 12, (1, 1))
    assert [value.name for value in only(made, "shortcut.add").inputs] == [
        "stages.0.0.project.norm", "stages.0.0.shortcut.norm",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("se", "ratio", "channels"),
    [
        ("{}", 0.25, 2),
        ("{squeeze_from: input}", 0.3, 2),
        ("{rounding: nearest}", 0.35, 3),
        ("{squeeze_from: expanded}", 0.25, 12),
        ("{squeeze_from: output}", 0.25, 3),
        ("{squeeze_from: expanded, divisor: 8}", 0.25, 16),
        ("{divisor: 8}", 0.25, 8),
        ("{}", 0.01, 1),
        ("{rounding: nearest}", 0.01, 1),
        ("{squeeze_from: expanded}", 1, 48),
    ],
)
def test_squeezed_channels(se: str, ratio: float, channels: int) -> None:
    made = plan(row(se_ratio=ratio, output_filters=12), network=f"se: {se}")
    assert squeezed(made) == channels


@pytest.mark.parametrize("ratio", ["0", "0.0", "~"])
def test_no_squeeze_and_excitation_at_a_ratio_of_nothing(ratio: str) -> None:
    assert names(plan(row(se_ratio=ratio)), "se") == []


def test_activations_of_squeeze_and_excitation() -> None:
    se = "se: {activation: relu, expand_activation: relu6, gate: hard_sigmoid, bias: false}"
    made = plan(row(se_ratio=0.5, activation="swish"), network=se)
    assert names(made, "se") == [
        "se.pool", "se.reduce", "se.activation", "se.expand", "se.expand_activation", "se.gate", "se.multiply",
    ]  # fmt: skip
    assert function(made, "se.activation") == "relu"
    assert function(made, "se.expand_activation") == "relu6"
    assert function(made, "se.gate") == "hard_sigmoid"
    assert only(made, "se.reduce").kind == Conv2d(48, 4, (1, 1), bias=False)


def test_no_activation_after_the_squeeze() -> None:
    made = plan(row(se_ratio=0.5), network="se: {activation: none}")
    assert [value.name for value in only(made, "se.expand").inputs] == ["stages.0.0.se.reduce"]


SEPARABLE = "kernel_size: 3, output_filters: 8, se_ratio: 0.25, activation_after: false, shortcut: identity"


@pytest.mark.parametrize("rows", [row(se_ratio=0.25), f"{{type: depthwise_separable, {SEPARABLE}}}"])
def test_squeeze_and_excitation_after_the_projection(rows: str) -> None:
    made = plan(rows, network="se: {place: project}")
    assert [value.name for value in only(made, "se.pool").inputs] == ["stages.0.0.project.norm"]
    assert [value.name for value in only(made, "shortcut.add").inputs] == ["stages.0.0.se.multiply", "input"]
    assert only(made, "se.expand").output.channels == 8


@pytest.mark.parametrize(
    ("padding", "kernel_size", "stride", "sides"),
    [
        ("symmetric", 3, 2, (1, 1, 1, 1)),
        ("same", 3, 2, (0, 1, 0, 1)),
        ("same", 3, 1, (1, 1, 1, 1)),
        ("symmetric", 5, 1, (2, 2, 2, 2)),
        ("same", 4, 1, (1, 2, 1, 2)),
        ("same", 3, "[1, 2]", (1, 1, 0, 1)),
    ],
)
def test_padding(padding: str, kernel_size: int, stride: object, sides: tuple[int, int, int, int]) -> None:
    made = plan(row(kernel_size=kernel_size, stride=stride), network=f"padding: {padding}")
    conv = only(made, "depthwise.conv").kind
    assert isinstance(conv, Conv2d)
    assert conv.padding == sides


@pytest.mark.parametrize(
    ("rows", "operator"),
    [
        (row(), "MBConv6, k3x3"),
        (row(se_ratio=0.25, kernel_size=5), "MBConv6, k5x5, SE"),
        (row(expand_ratio=1.5), "MBConv1.5, k3x3"),
        ("{kernel_size: 3, output_filters: 8, expanded_filters: 72}", "MBConv to 72, k3x3"),
        ("{type: depthwise_separable, kernel_size: 3, output_filters: 8}", "SepConv, k3x3"),
    ],
)
def test_operators_as_tables_print_them(rows: str, operator: str) -> None:
    assert plan(rows).blocks[0].operator == operator


def test_a_shortcut_that_cannot_fit_is_told_with_its_row() -> None:
    rows = "{type: bottleneck, bottleneck_filters: 4, output_filters: 16}"
    what = "the shortcut and the block give 8x8 and 6x6; without padding there is only `shortcut: none`"
    with pytest.raises(InputError, match=rf"^f\.yaml:3:10: row 1: {what}$"):
        plan(rows, network="padding: valid")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("er_r1_k3_s1_e4_c64", "er_r1_k3_s1_e4_gs64_c64"),
        ("ir_r1_k3_s1_e1_c16", "{kernel_size: 3, expand_ratio: 1, output_filters: 16}"),
        ("ir_r1_k3_s1_e6_c16", "ir_r1_k3_s1_e6_c16_noskip"),
        ("ir_r1_k3_s1_e6_c16", "ir_r1_k3_s1_e6_p1.1_c16"),
        ("ir_r1_k3_s1_e6_c16_se0.25", "ir_r1_k3_s1_e6_c16_se0.5"),
        ("ds_r1_k3_s1_c16", "dsa_r1_k3_s1_c16"),
    ],
)
def test_rows_that_differ_have_different_names(one: str, other: str) -> None:
    names = {
        describe(load_text(f"input: {{resolution: 8, channels: 16}}\nblocks: [{row}]", "f.yaml").spec.blocks[0])
        for row in (one, other)
    }
    assert len(names) == 2


def test_a_plain_convolution_has_a_role_of_its_own() -> None:
    plan = plan_loaded(load_text("input: {resolution: 8}\nblocks: [cn_r1_k3_s1_c8]", "f.yaml"))
    assert {op.role for op in plan.ops} == {"convolution"}

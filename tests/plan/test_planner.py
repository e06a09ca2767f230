"""A network as a whole: stem, stages, head, classifier, and the networks that cannot be."""

from __future__ import annotations

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.plan.op_kinds import Conv2d, Linear
from mbconv_cli.plan.ops import INPUT, Plan
from mbconv_cli.plan.planner import MAX_BLOCKS, PlanError, make_plan, plan_loaded
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import LoadedSpec, load, load_text

EVERYTHING = """\
input: {resolution: [16, 32], channels: 1}
activation: swish
stem: {output_filters: 8, activation: relu}
blocks: [{kernel_size: 3, output_filters: 16, expand_ratio: 1, stride: 2, num_repeat: 2}]
head: {output_filters: 32, kernel_size: 3}
classifier: {hidden_filters: 64, num_classes: 10, activation: none}
"""


def plan(text: str) -> Plan:
    return plan_loaded(load_text(text, "f.yaml", name="tiny"))


def test_every_part_in_its_place() -> None:
    made = plan(EVERYTHING)
    assert (made.name, made.input_shape, made.output_shape) == ("tiny", (1, 16, 32), (10,))
    assert [(block.name, block.operator, block.input_shape, block.output_shape) for block in made.blocks] == [
        ("stem", "Conv, k3x3", (1, 16, 32), (8, 8, 16)),
        ("stages.0.0", "MBConv1, k3x3", (8, 8, 16), (16, 4, 8)),
        ("stages.0.1", "MBConv1, k3x3", (16, 4, 8), (16, 4, 8)),
        ("head", "Conv, k3x3", (16, 4, 8), (32, 4, 8)),
        ("classifier", "Pool, FC, FC", (32, 4, 8), (10,)),
    ]
    ends = [op.name for op in made.ops if op.stage in {"stem", "head", "classifier"}]
    assert ends == [
        "stem.conv", "stem.norm", "stem.activation", "head.conv", "head.norm", "head.activation",
        "classifier.pool", "classifier.hidden", "classifier.linear",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ops", "shape"),
    [
        ("stem: {output_filters: 8}", 3, (8, 4, 4)),
        ("head: {output_filters: 8}", 3, (8, 8, 8)),
        ("classifier: {num_classes: 7}", 2, (7,)),
        ("blocks: [{kernel_size: 1, output_filters: 3, expand_ratio: 1}]", 6, (3, 8, 8)),
    ],
)
def test_one_part_alone(text: str, ops: int, shape: tuple[int, ...]) -> None:
    made = plan(f"input: {{resolution: 8}}\n{text}\n")
    assert len(made.ops) == ops
    assert made.output_shape == shape
    assert made.ops[0].inputs[0].name == INPUT


def test_scaling_of_filters_repeats_and_resolution_but_not_of_the_classifier() -> None:
    made = plan(EVERYTHING + "scaling: {width: 2, depth: 1.5, resolution: 64}\n")
    assert made.input_shape == (1, 64, 64)
    assert [op.kind.out_channels for op in made.ops if isinstance(op.kind, Conv2d) and op.kind.groups == 1] == [
        16, 32, 32, 32, 64,
    ]  # fmt: skip
    assert [op.kind for op in made.ops if isinstance(op.kind, Linear)] == [Linear(64, 64), Linear(64, 10)]


def test_expanded_filters_are_scaled_too() -> None:
    text = "input: {resolution: 8}\nblocks: [{kernel_size: 1, output_filters: 8, expanded_filters: 16}]\n"
    assert plan(text + "scaling: {width: 1.5}\n").ops[0].output.channels == 24


def test_norm_has_the_constants_of_the_network() -> None:
    text = "input: {resolution: 8}\nstem: {output_filters: 8}\nnorm: {eps: 1e-3, momentum: 0.01}\n"
    assert "eps=0.001, momentum=0.01" in str(plan(text).ops[1].kind)


@pytest.mark.parametrize("name", shipped())
def test_every_name_is_one_and_every_input_is_made_before(name: str) -> None:
    made = plan_loaded(load(name))
    known = {INPUT}
    for op in made.ops:
        assert op.name not in known
        assert all(value.name in known for value in op.inputs)
        assert op.name.startswith(f"{op.block}.")
        assert op.block == op.stage or op.block.startswith(f"{op.stage}.")
        known.add(op.name)
    assert {block.name for block in made.blocks} == {op.block for op in made.ops}


def test_too_many_blocks_are_told_with_their_row() -> None:
    rows = "  - {kernel_size: 3, output_filters: 8, expand_ratio: 1, num_repeat: 1000}\n"
    with pytest.raises(InputError, match=r"^f\.yaml:13:5: row 11: more than 10,000 blocks$"):
        plan("input: {resolution: 8}\nblocks:\n" + rows * (MAX_BLOCKS // 1000 + 1))


def test_as_many_blocks_as_there_may_be() -> None:
    row = "{kernel_size: 1, output_filters: 3, expand_ratio: 1, num_repeat: 1000}"
    assert len(plan(f"input: {{resolution: 1}}\nblocks: [{', '.join([row] * 10)}]\n").blocks) == MAX_BLOCKS


def test_depth_counts_among_the_blocks() -> None:
    row = "{kernel_size: 1, output_filters: 3, expand_ratio: 1, num_repeat: 1000}"
    text = f"input: {{resolution: 8}}\nscaling: {{depth: 1000}}\nblocks: [{row}]\n"
    with pytest.raises(InputError, match=r"^f\.yaml:3:10: row 1: more than 10,000 blocks$"):
        plan(text)


def vanishing(part: str) -> LoadedSpec:
    """A spec whose feature map vanishes: an even kernel, which no file may have with symmetric padding."""
    loaded = load_text(f"input: {{resolution: 1}}\npadding: same\n{part}\n", "f.yaml")
    return LoadedSpec(loaded.spec.model_copy(update={"padding": "symmetric"}), loaded.document)


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ("stem: {kernel_size: 2, output_filters: 8}", "f.yaml:3:7: stem"),
        ("head: {kernel_size: 2, output_filters: 8}", "f.yaml:3:7: head"),
        ("blocks:\n  - {kernel_size: 2, output_filters: 8, expand_ratio: 1}", "f.yaml:4:5: row 1"),
    ],
)
def test_a_feature_map_that_vanishes_is_told_with_its_place(part: str, place: str) -> None:
    loaded = vanishing(part)
    with pytest.raises(InputError) as caught:
        plan_loaded(loaded)
    assert caught.value.sentences == (f"{place}: a 1x1 feature map shrinks below one pixel under a 2x2 kernel",)
    with pytest.raises(PlanError):
        make_plan(loaded.spec)


def test_the_smallest_image_passes_through_every_stride() -> None:
    made = plan_loaded(load_text("extends: mobilenet-v2\nscaling: {resolution: 1}\n", "f.yaml"))
    assert made.output_shape == (1000,)


def test_the_largest_network_that_a_file_can_ask_for_is_counted_and_not_built() -> None:
    text = (
        "input: {resolution: 65536, channels: 1048576}\nscaling: {width: 1000}\nstem: {output_filters: 1048576}\n"
        "blocks: [{kernel_size: 255, output_filters: 1048576, expand_ratio: 1000}]\n"
        "classifier: {hidden_filters: 1048576, num_classes: 1048576}\n"
    )
    assert plan(text).output_shape == (1_048_576,)

"""Output stride: which strides are given up, and what dilates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.plan.op_kinds import Conv2d
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.loader import load, load_text
from mbconv_cli.spec.output_stride import dilated
from mbconv_cli.spec.overrides import parse_override
from mbconv_cli.spec.row_keys import Row

HEADER = "input: {resolution: 64}\nstem: {output_filters: 8, stride: 2}\n"


def rows_of(text: str) -> list[tuple[tuple[int, int], tuple[int, int], tuple[int, int] | None]]:
    """Stride, dilation and first dilation of each row."""
    spec = dilated(load_text(HEADER + text, "x.yaml").spec)
    return [(row.stride, row.dilation, row.first_dilation) for row in spec.blocks if isinstance(row, Row)]


ROWS = """blocks:
  - {kernel_size: 3, expand_ratio: 2, output_filters: 8, stride: 2}
  - {kernel_size: 3, expand_ratio: 2, output_filters: 8, stride: 2, num_repeat: 2}
  - {kernel_size: 3, expand_ratio: 2, output_filters: 8}
  - {kernel_size: 3, expand_ratio: 2, output_filters: 8, stride: 2}
"""


def test_the_block_that_gives_its_stride_up_keeps_the_dilation_that_was() -> None:
    assert rows_of(f"output_stride: 4\n{ROWS}") == [
        ((2, 2), (1, 1), None),
        ((1, 1), (2, 2), (1, 1)),
        ((1, 1), (2, 2), None),
        ((1, 1), (4, 4), (2, 2)),
    ]


def test_or_dilates_itself() -> None:
    assert rows_of(f"output_stride: 8\ndilation_start: strided_block\n{ROWS}")[-1] == ((1, 1), (2, 2), None)


def test_each_direction_for_itself() -> None:
    text = ROWS.replace("stride: 2, num_repeat", "stride: [2, 1], num_repeat")
    assert rows_of(f"output_stride: 8\n{text}")[-1] == ((1, 2), (2, 1), (1, 1))


def test_a_rows_own_dilation_is_multiplied() -> None:
    text = ROWS.replace("stride: 2, num_repeat", "dilation: 3, stride: 2, num_repeat")
    assert rows_of(f"output_stride: 4\n{text}")[1] == ((1, 1), (6, 6), (3, 3))


def test_the_first_block_of_a_row_has_its_first_dilation() -> None:
    plan = plan_loaded(load_text(f"{HEADER}output_stride: 4\n{ROWS}", "x.yaml"))
    dilations = [op.kind.dilation for op in plan.ops if isinstance(op.kind, Conv2d) and op.role == "depthwise"]
    assert dilations == [(1, 1), (1, 1), (2, 2), (2, 2), (2, 2)]
    assert plan.output_shape[1:] == (16, 16)


def test_a_stem_that_exceeds_it() -> None:
    with pytest.raises(InputError, match=r"--set 'output_stride=1': output_stride: the stem's stride is 2"):
        plan_loaded(load("mobilenet-v2", overrides=[parse_override("output_stride=1")]))


def test_a_spec_without_one_is_itself() -> None:
    spec = load("mobilenet-v2").spec
    assert dilated(spec) is spec


RESOLUTION = parse_override("scaling.resolution=320")


@given(
    st.sampled_from(["mobilenet-v2", "efficientnet-b0", "mobilenet-v3-large", "xception", "resnet-50", "mixnet-s"]),
    st.sampled_from([4, 8, 16, 32, 64]),
)
def test_the_last_feature_map_has_at_most_that_stride_and_the_parameters_stay(name: str, stride: int) -> None:
    before = plan_loaded(load(name, overrides=[RESOLUTION]))
    after = plan_loaded(load(name, overrides=[RESOLUTION, parse_override(f"output_stride={stride}")]))
    extent = [op for op in after.ops if op.stage.startswith("stages.")][-1].output.shape[1]
    assert extent >= 320 // stride - (name == "xception") * 3  # its stem has no padding
    assert total(plan_costs(after)).params == total(plan_costs(before)).params

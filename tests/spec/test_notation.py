"""Rows written as one string, in EfficientNet's notation and in timm's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import make_plan, plan_loaded
from mbconv_cli.spec.loader import load, load_text
from mbconv_cli.spec.notation import NotationError, row_of
from mbconv_cli.spec.spec import Spec


def spec_of(*rows: str) -> Spec:
    lines = "\n".join(f"  - {row}" for row in rows)
    return load_text(f"input: {{channels: 16, resolution: 32}}\nblocks:\n{lines}\n", "x.yaml").spec


@pytest.mark.parametrize(
    ("text", "table"),
    [
        (
            "r1_k3_s11_e1_i16_o16_se0.25",
            (
                "{kernel_size: 3, num_repeat: 1, strides: [1, 1], expand_ratio: 1, input_filters: 16, "
                "output_filters: 16, se_ratio: 0.25, id_skip: true}"
            ),
        ),
        (
            "r2_k5_s22_e6_i16_o24_noskip",
            (
                "{kernel_size: 5, num_repeat: 2, strides: 2, expand_ratio: 6, input_filters: 16, output_filters: 24, "
                "id_skip: false}"
            ),
        ),
        (
            "ir_r2_k3_s2_e6_c24_se0.25_nre_noskip",
            (
                "{kernel_size: 3, num_repeat: 2, stride: 2, expand_ratio: 6, output_filters: 24, se_ratio: 0.25, "
                "activation: relu, shortcut: none, unit_expansion: true}"
            ),
        ),
        (
            "ir_r1_k3.5.7_a1.1_p1.1_s1_e3_c24_nhs",
            (
                "{kernel_size: [3, 5, 7], expand_groups: 2, project_groups: 2, expand_ratio: 3, output_filters: 24, "
                "activation: hard_swish, unit_expansion: true}"
            ),
        ),
        (
            "ir_r1_k3_s1_e6_c16_nmi",
            "{kernel_size: 3, expand_ratio: 6, output_filters: 16, activation: mish, unit_expansion: true}",
        ),
        (
            "ds_r1_k3_s1_e1_c16",
            (
                "{type: depthwise_separable, kernel_size: 3, output_filters: 16, activation_after: false, "
                "shortcut: identity}"
            ),
        ),
        (
            "r2_k3_s2_e4_i16_o24_c1",
            (
                "{type: fused_mbconv, kernel_size: 3, num_repeat: 2, stride: 2, expand_ratio: 4, input_filters: 16, "
                "output_filters: 24}"
            ),
        ),
        (
            "r1_k3_s22_e8_i16_o24_f1",
            (
                "{type: fused_mbconv, kernel_size: 3, stride: 2, unit_expansion: true, expand_ratio: 8, "
                "input_filters: 16, output_filters: 24}"
            ),
        ),
        (
            "r2_k3_s22_e8_i16_o24_c1",
            (
                "{type: fused_mbconv, kernel_size: 3, num_repeat: 2, stride: 2, stride_at: project, expand_ratio: 8, "
                "unit_kernel_size: 1, input_filters: 16, output_filters: 24}"
            ),
        ),
        (
            "r1_k3_s11_e4_i24_o24_c1_noskip",
            (
                "{type: fused_mbconv, kernel_size: 3, stride_at: project, expand_ratio: 4, expand_base: 24, "
                "unit_kernel_size: 1, output_filters: 24, shortcut: none}"
            ),
        ),
        (
            "r1_k3.5.7_a1_p1_s22_e6_i16_o40_se0.5_sw",
            (
                "{kernel_size: [3, 5, 7], stride: 2, expand_ratio: 6, input_filters: 16, output_filters: 40, "
                "se_ratio: 0.5, activation: swish}"
            ),
        ),
        ("dsa_r1_k5_s2_c16", "{type: depthwise_separable, kernel_size: 5, output_filters: 16, stride: 2}"),
        (
            "er_r1_k3_s1_e4_fc24_c24_noskip",
            (
                "{type: fused_mbconv, kernel_size: 3, expand_ratio: 4, expand_base: 24, output_filters: 24, "
                "shortcut: none, unit_expansion: true}"
            ),
        ),
        (
            "uir_r2_a3_k5_s2_e4_c16",
            (
                "{type: universal_inverted_bottleneck, start_kernel_size: 3, middle_kernel_size: 5, num_repeat: 2, "
                "stride: 2, expand_ratio: 4, output_filters: 16}"
            ),
        ),
        (
            "uir_r1_a3_k0_s1_e4_c16_noskip",
            (
                "{type: universal_inverted_bottleneck, start_kernel_size: 3, expand_ratio: 4, output_filters: 16, "
                "shortcut: none}"
            ),
        ),
        ("cn_r2_k3_s1_c16_skip", "{type: conv, kernel_size: 3, num_repeat: 2, output_filters: 16, shortcut: identity}"),
    ],
)
def test_a_string_is_its_table_row(text: str, table: str) -> None:
    assert spec_of(text) == spec_of(table)


KEYS = {"r": "num_repeat", "k": "kernel_size", "s": "stride", "e": "expand_ratio", "c": "output_filters"}


@given(
    numbers=st.fixed_dictionaries(
        {
            "r": st.integers(1, 3),
            "k": st.sampled_from([1, 3, 5, 7]),
            "s": st.integers(1, 2),
            "e": st.sampled_from([1, 1.5, 2.3, 3, 6]),
            "c": st.sampled_from([8, 16, 24]),
        }
    ),
    se_ratio=st.sampled_from([None, 0.0, 0.25, 0.5]),
    activation=st.sampled_from([None, ("nre", "relu"), ("nr6", "relu6"), ("nhs", "hard_swish"), ("nsw", "swish")]),
    noskip=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_every_string_row_is_its_table_row_whatever_the_order_of_its_tokens(
    numbers: dict[str, Any], se_ratio: float | None, activation: tuple[str, str] | None, noskip: bool, order: Any
) -> None:
    row: dict[str, Any] = {KEYS[letter]: number for letter, number in numbers.items()} | {"unit_expansion": True}
    tokens = [f"{letter}{number}" for letter, number in numbers.items()]
    if se_ratio is not None:
        tokens.append(f"se{se_ratio}")
        row["se_ratio"] = se_ratio
    if activation:
        tokens.append(activation[0])
        row["activation"] = activation[1]
    if noskip:
        tokens.append("noskip")
        row["shortcut"] = "none"
    order.shuffle(tokens)
    table = "{" + ", ".join(f"{key}: {str(value).lower()}" for key, value in row.items()) + "}"
    written, meant = spec_of("_".join(["ir", *tokens])), spec_of(table)
    assert written == meant
    assert make_plan(written) == make_plan(meant)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("xx_r1_k3", "does not begin with a block type"),
        ("uirr_r2_k3_s1_e4_c16", "did you mean 'uir'"),
        ("mha_r1_k3_h4_s1_d64_c160", "mha: attention whose heads have keys of their own cannot be expressed"),
        ("mqa_r1_k3_h4_s2_v2_d64_c160", "'s2': this kind of row has no stride"),
        ("uir_r1_a3_k3_s1_e4_p3_c16", "'p3' means nothing in this kind of row"),
        ("ir_r1_k3_s1_e6", "lacks c"),
        ("r1_k3_s111_e6_i16_o16", "'s111': should be one digit, or two"),
        ("ir_r2_k3_s22_e6_c24", "'s22': should be one digit, for both directions"),
        ("r1_k3_s1_e6_i16_o16_c2", "'c2': should be 0 or 1"),
        ("ir_r1_k3_k5_s1_e6_c16", "says 'k' twice"),
        ("ir_r1_k3_s1_e6_c16_q3", "'q3' means nothing in this kind of row"),
        ("ds_r1_k3_s1_c16_cc4", "'cc4' means nothing in this kind of row"),
        ("ir_r1_k3_a3.3_s1_e6_c16", "only kernels of one pixel"),
        ("cn_r1_k3_s1_e2_c16", "this kind of row has no expansion"),
        ("ir_r1_k3_s1_e6.1.2_c16", "should be a number"),
        ("ir_r1.5_k3_s1_e6_c16", "should be a whole number"),
        ("ir_r1_k3_s1_e1_c8_nre_nsw", "'nsw' contradicts what is before it"),
        ("ir_r1_k3_s1_e1_c8_skip_noskip", "'noskip' contradicts what is before it"),
        ("ir__r1_k3_s1_e6_c16", "'' means nothing"),
        ("ir_r" + "9" * 5_000 + "_k3_s1_e6_c16", "should be a whole number"),
    ],
)
def test_what_is_no_row_is_told(text: str, what: str) -> None:
    with pytest.raises(NotationError) as error:
        row_of(text)
    assert what in str(error.value)


@given(st.text(alphabet="irdsacnerkgp0123456789._-", max_size=40))
def test_any_text_is_a_row_or_a_sentence(text: str) -> None:
    try:
        told = row_of(text)["type"]
    except NotationError as error:
        told = str(error)
    assert told


def test_a_string_that_is_no_row_is_told_with_its_place_and_once() -> None:
    with pytest.raises(InputError) as error:
        spec_of("ir_r1_k3_s1_e6_c16", "ir_r1_k3")
    assert error.value.sentences == ("x.yaml:4:5: row 'ir_r1_k3' lacks s, c, e",)


@pytest.mark.parametrize("text", ["x" * 5_000, "ir_" + "x" * 5_000, "ir_r" + "9" * 5_000, "ir_\x1b[31m"])
def test_what_is_quoted_is_short_and_printable(text: str) -> None:
    with pytest.raises(NotationError) as caught:
        row_of(text)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


def test_mistakes_in_what_a_string_says_are_told_where_it_stands() -> None:
    with pytest.raises(InputError) as caught:
        spec_of("ir_r0_k4_s1_e1_c8", "r1_k3_s11_e1_i9_o16")
    assert caught.value.sentences == (
        "x.yaml:3:5: kernel_size: 4 is even; with symmetric padding it must be odd (or say `padding: same`)",
        "x.yaml:3:5: num_repeat: should be at least 1; got 0",
        "x.yaml:4:5: input_filters is 9, but row 1 gives 8",
    )


EDGETPU_S = """input: {resolution: 224}
conventions: efficientnet-edgetpu
stem: {output_filters: 32}
blocks: |
  blocks_args = [
      'r1_k3_s11_e4_i24_o24_c1_noskip',
      'r2_k3_s22_e8_i24_o32_c1',
      'r4_k3_s22_e8_i32_o48_c1',
      'r5_k5_s22_e8_i48_o96',
      'r4_k5_s11_e8_i96_o144',
      'r2_k5_s22_e8_i144_o192',
  ]
head: {output_filters: 1280}
classifier: {num_classes: 1000}
"""


def test_edgetpus_own_strings_have_the_parameters_of_timms() -> None:
    """timm has the stride in the expansion, so its MACs are fewer."""
    own = total(plan_costs(plan_loaded(load_text(EDGETPU_S, "x.yaml"))))
    timms = total(plan_costs(plan_loaded(load("efficientnet-es"))))
    assert own.params == timms.params
    assert own.macs > timms.macs

"""Rows as strings: EfficientNet's notation and timm's."""

from __future__ import annotations

from typing import Any

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.spec.loader import load_text
from mbconv_cli.spec.notation import NotationError, row_of


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (
            "r2_k5_s21_e6_i16_o24_se0.25_noskip",
            {
                "type": "mbconv",
                "num_repeat": 2,
                "kernel_size": 5,
                "stride": [2, 1],
                "expand_ratio": 6.0,
                "input_filters": 16,
                "output_filters": 24,
                "se_ratio": 0.25,
                "shortcut": "none",
            },
        ),
        (
            "ir_r1_k3.5_s2_e6_c24_a1.1_nhs",
            {
                "type": "mbconv",
                "unit_expansion": True,
                "num_repeat": 1,
                "kernel_size": [3, 5],
                "stride": 2,
                "expand_ratio": 6.0,
                "output_filters": 24,
                "expand_groups": 2,
                "activation": "hard_swish",
            },
        ),
        (
            "ds_r1_k3_s1_c16_noskip",
            {
                "type": "depthwise_separable",
                "activation_after": False,
                "shortcut": "none",
                "num_repeat": 1,
                "kernel_size": 3,
                "stride": 1,
                "output_filters": 16,
            },
        ),
    ],
)
def test_a_row(text: str, row: dict[str, Any]) -> None:
    assert row_of(text) == row


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "does not begin with a block type"),
        ("IR_r1_k3_s1_e1_c8", "did you mean 'ir'?"),
        ("ir", "lacks r, k, s, c, e"),
        ("ir_r1_r2", "says 'r' twice"),
        ("ir_r1_k3_s1_e1_c8_nre_nsw", "'nsw' contradicts what is before it"),
        ("ir_r1_k3_s1_e1_c8_skip_noskip", "'noskip' contradicts what is before it"),
        ("ir_r1_k3._s1_e1_c8", "'k3.': should be a whole number"),
        ("ir_r1_k3_s1_e1.2.3_c8", "'e1.2.3': should be a number"),
        ("ir_r1_k3_s1_e1_c8_se", "'se' means nothing in this kind of row; valid are rN, "),
        ("ir_r1_k3_s1_e1_c8_nmi", "the activation mish cannot be expressed here"),
        ("r1_k3_s2_e1_o8", "should be two digits, one for each direction"),
        ("cn_r1_k3_s1_e2_c8", "this kind of row has no expansion"),
    ],
)
def test_no_row(text: str, what: str) -> None:
    with pytest.raises(NotationError) as caught:
        row_of(text)
    assert what in str(caught.value)


@pytest.mark.parametrize("text", ["x" * 5_000, "ir_" + "x" * 5_000, "ir_r" + "9" * 5_000, "ir_\x1b[31m"])
def test_what_is_quoted_is_short_and_printable(text: str) -> None:
    with pytest.raises(NotationError) as caught:
        row_of(text)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


def test_mistakes_in_what_a_string_says_are_told_where_it_stands() -> None:
    text = "input: {resolution: 32}\nblocks:\n  - ir_r0_k4_s1_e1_c8\n  - r1_k3_s11_e1_i9_o16\n"
    with pytest.raises(InputError) as caught:
        load_text(text, "f.yaml")
    assert caught.value.problems == (
        "f.yaml:3:5: kernel_size: 4 is even; with symmetric padding it must be odd (or say `padding: same`)",
        "f.yaml:3:5: num_repeat: should be at least 1; got 0",
        "f.yaml:4:5: input_filters is 9, but row 1 gives 8",
    )

"""Rows pasted as Python text."""

from __future__ import annotations

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.loader import LoadedSpec, load_text

PASTED = """input: {resolution: 32}
conventions: mnasnet
blocks: |
  arch_def = [
      # stage 0
      ['ds_r1_k3_s1_c16'],
      # stage 1
      ['ir_r1_k3_s2_e3_c24', 'ir_r2_k5_s1_e6_c24_se0.25'],
  ]
"""


def loaded(text: str) -> LoadedSpec:
    return load_text(text, "x.yaml")


def test_a_definition_is_valid_as_it_is_pasted() -> None:
    spec = loaded(PASTED).spec
    assert [row.num_repeat for row in spec.blocks] == [1, 1, 2]
    assert [row.joined for row in spec.blocks] == [False, False, True]


def test_its_lists_are_stages() -> None:
    assert [block.name for block in plan_loaded(loaded(PASTED)).blocks] == [
        "stages.0.0",
        "stages.1.0",
        "stages.1.1",
        "stages.1.2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "  blocks_args = [\n      'r1_k3_s11_e1_i3_o16', 'r2_k5_s22_e6_i16_o24',\n  ]\n",
        "  ['ir_r1_k3_s1_e1_c16', 'ir_r2_k5_s2_e6_c24']\n",
        "  ('ir_r1_k3_s1_e1_c16', 'ir_r2_k5_s2_e6_c24'),\n",
    ],
)
def test_other_ways_to_write_it(text: str) -> None:
    spec = loaded(f"input: {{resolution: 32}}\nblocks: |\n{text}").spec
    assert [row.output_filters for row in spec.blocks] == [16, 24]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("'ds_r1_k3_s1_c16'", "'ds_r1_k3_s1'", r"x\.yaml:6:.*lacks c"),
        ("ir_r2_k5_s1", "ir_r2_k5_s11", r"x\.yaml:8:.*'s11': should be one digit"),
        ("['ds_r1_k3_s1_c16'],", "['ds_r1_k3_s1_c16',", r"x\.yaml:[46]:\d+: blocks: not a list of strings: .*"),
        ("['ds_r1_k3_s1_c16']", "[3]", r"x\.yaml:6:\d+: blocks: should be a string or a list of strings; got 3"),
        (
            "['ds_r1_k3_s1_c16']",
            "open('x')",
            r"x\.yaml:6:\d+: blocks: should be a string or a list of strings; got open",
        ),
    ],
)
def test_the_line_that_is_wrong_is_named(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        loaded(PASTED.replace(old, new))


def test_a_word_is_no_list() -> None:
    with pytest.raises(InputError, match=r"x\.yaml:2:9: blocks: should be a list; got"):
        loaded("input: {resolution: 32}\nblocks: mbconv\n")

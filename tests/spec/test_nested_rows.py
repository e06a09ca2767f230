"""Rows in lists of their own, as timm writes the rows of a stage."""

from __future__ import annotations

import pytest
import yaml
from jsonschema import Draft202012Validator

from mbconv_cli.errors import InputError
from mbconv_cli.spec.json_schema import json_schema
from mbconv_cli.spec.loader import load_text
from mbconv_cli.spec.overrides import parse_override

HEAD = "input: {channels: 16, resolution: 32}\nblocks:\n"
NESTED = f"""{HEAD}  - [ds_r1_k3_s1_c16]
  - [ir_r1_k3_s2_e6_c24, {{kernel_size: 5, expand_ratio: 3, output_filters: 24}}]
  - cn_r1_k1_s1_c32
"""
FLAT = f"""{HEAD}  - ds_r1_k3_s1_c16
  - ir_r1_k3_s2_e6_c24
  - {{kernel_size: 5, expand_ratio: 3, output_filters: 24, joined: true}}
  - cn_r1_k1_s1_c32
"""


def test_they_are_rows_of_one_list_each_joined_to_the_first_of_its_own() -> None:
    nested = load_text(NESTED, "f.yaml").spec
    assert nested == load_text(FLAT, "f.yaml").spec
    assert [row.joined for row in nested.blocks] == [False, False, True, False]


def test_the_json_schema_knows_them() -> None:
    assert list(Draft202012Validator(json_schema()).iter_errors(yaml.safe_load(NESTED))) == []


def test_mistakes_in_them_are_told_with_their_places() -> None:
    text = NESTED.replace("ds_r1_k3_s1_c16", "ds_r1").replace("kernel_size: 5", "kernel_size: 4, extra: 1")
    with pytest.raises(InputError) as error:
        load_text(text, "f.yaml")
    short, even, unknown = error.value.sentences
    assert short == "f.yaml:3:6: row 'ds_r1' lacks k, s, c"
    assert even.startswith("f.yaml:4:40: kernel_size: 4 is even")
    assert unknown.startswith("f.yaml:4:43: unknown key 'extra'")


def test_they_are_numbered_as_they_stand_in_one_list() -> None:
    loaded = load_text(NESTED, "f.yaml", overrides=[parse_override("blocks[2].output_filters=40")])
    assert [row.output_filters for row in loaded.spec.blocks] == [16, 24, 40, 32]
    assert [row.joined for row in loaded.spec.blocks] == [False, False, True, False]


@pytest.mark.parametrize("stage", ["[]", "[[ir_r1_k3_s1_e6_c16]]", "[1]"])
def test_a_list_of_anything_but_rows_is_reported_once(stage: str) -> None:
    with pytest.raises(
        InputError, match=r"^f\.yaml:3:[5-7]: a row is a mapping of keys to values, or a string"
    ) as error:
        load_text(f"{HEAD}  - {stage}\n", "f.yaml")
    assert len(error.value.problems) == 1


def test_a_row_of_numbers_is_answered_with_the_row_that_it_means() -> None:
    with pytest.raises(InputError) as error:
        load_text(f"{HEAD}  - [6, 24, 2, 2]\n", "f.yaml")
    (sentence,) = error.value.sentences
    assert sentence.startswith("f.yaml:3:5: a row of numbers does not say their keys; t, c, n, s are ")
    assert sentence.endswith("{kernel_size: 3, expand_ratio: 6, output_filters: 24, num_repeat: 2, stride: 2}")

"""Specs written as YAML are the specs that were written."""

from __future__ import annotations

import pytest

from mbconv_cli.plan.planner import make_plan
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load, load_text
from mbconv_cli.spec.yaml_writer import to_yaml


@pytest.mark.parametrize("name", shipped())
def test_every_network_written_as_yaml_is_the_same_network(name: str) -> None:
    spec = load(name).spec
    again = load_text(to_yaml(spec), "again.yaml").spec
    assert again == spec
    assert make_plan(again) == make_plan(spec)


def test_derived_networks_are_written_complete() -> None:
    text = to_yaml(load("efficientnet-b3").spec)
    assert "extends" not in text
    assert "resolution: 300" in text


@pytest.mark.parametrize("source", ["1e-3", "0o17", "yes", "null", "~", ".inf", "12", "a: b", "# no", "é"])
def test_words_that_look_like_something_else_stay_words(source: str) -> None:
    text = f'source: "{source}"\ninput: {{resolution: 8}}\nstem: {{output_filters: 4}}\n'
    spec = load_text(text, "x.yaml").spec
    assert load_text(to_yaml(spec), "again.yaml").spec.source == source


def test_equal_mixed_kernel_sizes_stay_two() -> None:
    row = "{kernel_size: {mixed: [3, 3]}, expand_ratio: 2, output_filters: 8}"
    text = f"input: {{channels: 8, resolution: 8}}\nblocks:\n  - {row}\n"
    spec = load_text(text, "x.yaml").spec
    assert load_text(to_yaml(spec), "again.yaml").spec == spec

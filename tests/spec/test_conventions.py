"""Conventions: what a family's code decides, under one word."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pytest

from mbconv_cli.errors import AssumptionWarning, InputError
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.conventions import CONVENTIONS
from mbconv_cli.spec.loader import load, load_text
from mbconv_cli.spec.overrides import parse_override

ROWS = "input: {resolution: 32}\nblocks: [ir_r1_k3_s1_e6_c24_se0.25]\n"


def holds(value: Any, given: Any) -> bool:
    """Whether a spec says what a convention gives, section by section."""
    if isinstance(given, Mapping):
        return all(holds(getattr(value, key), inner) for key, inner in given.items())
    return bool(value == given)


@pytest.mark.parametrize(("word", "settings"), CONVENTIONS.items())
def test_a_spec_has_all_that_its_conventions_stand_for(word: str, settings: Mapping[str, Any]) -> None:
    assert holds(load_text(f"{ROWS}conventions: {word}\n", "x.yaml").spec, settings)


def test_the_files_own_settings_come_first() -> None:
    spec = load_text(f"{ROWS}conventions: mobilenet-v3\nse: {{gate: sigmoid}}\n", "x.yaml").spec
    assert (spec.se.gate, spec.se.squeeze_from, spec.se.divisor) == ("sigmoid", "expanded", 8)


def test_a_word_that_is_none() -> None:
    with pytest.raises(InputError, match=r"x.yaml:3:14: conventions: should be .*did you mean 'mobilenet-v3'"):
        load_text(f"{ROWS}conventions: mobilenetv3\n", "x.yaml")


def test_an_override_can_name_them() -> None:
    assert load_text(ROWS, "x.yaml", overrides=[parse_override("conventions=mixnet")]).spec.se.rounding == "nearest"


def test_strings_that_leave_something_open_are_warned_about() -> None:
    with pytest.warns(
        AssumptionWarning, match=r"x: .*assumed se: \{.*\} and activation: relu; say so, or name the family"
    ):
        load_text(ROWS, "x.yaml", name="x")


@pytest.mark.parametrize(
    "text",
    [
        f"{ROWS}conventions: mnasnet\n",
        f"{ROWS}se: {{gate: sigmoid}}\nactivation: swish\n",
        "input: {resolution: 32}\nblocks: [ir_r1_k3_s1_e6_c24_nre]\n",
        "input: {resolution: 32}\nblocks: [{kernel_size: 3, expand_ratio: 6, output_filters: 24, se_ratio: 0.25}]\n",
        "input: {resolution: 32}\nblocks: [&a {kernel_size: 3, expand_ratio: 6, output_filters: 3, se_ratio: 1}, *a]\n",
    ],
)
def test_and_nothing_else_is(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", AssumptionWarning)
        load_text(text, "x.yaml")


@pytest.mark.parametrize("name", shipped())
def test_no_shipped_network_leaves_anything_open(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", AssumptionWarning)
        load(name)

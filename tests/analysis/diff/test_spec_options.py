"""What two specs say differently."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mbconv_cli.analysis.diff.spec_options import option_text, spec_changes
from mbconv_cli.spec.loader import load, load_text
from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS, Spec
from tests.repositories import NETWORK


def told(text: str, base: str = NETWORK) -> list[str]:
    return [str(change) for change in spec_changes(spec(base), spec(text))]


def spec(text: str) -> Spec:
    return load_text(text, "mine.yaml").spec


@pytest.mark.parametrize(
    ("replaced", "by", "changes"),
    [
        ("activation: swish", "activation: relu", ["activation swish -> relu"]),
        ("resolution: 32", "resolution: [32, 48]", ["input.resolution 32 -> [32, 48]"]),
        ("num_repeat: 2, ", "", ["blocks[1].num_repeat 2 -> 1"]),
        ("kernel_size: 3, num", "kernel_size: {mixed: [3, 5]}, num", ["blocks[1].kernel_size 3 -> [3, 5]"]),
        ("expand_ratio: 6", "expand_ratio: 4.5, se_ratio: 0.25", [
            "blocks[1].expand_ratio 6 -> 4.5",
            "blocks[1].se_ratio not set -> 0.25",
        ]),
        ("stride: 2", "stride: 2, activation: none", ["blocks[1].activation not set -> none"]),
        ("stride: 2", "stride: [2, 1]", ["blocks[1].stride 2 -> [2, 1]"]),
        ("classifier: {num_classes: 10}", "", ["classifier {num_classes: 10} -> not set"]),
        ("classifier", "se: {bias: false}\nclassifier", ["se.bias true -> false"]),
        ("{kernel_size: 3, output_filters: 8, expand_ratio: 1}", "{type: conv, kernel_size: 3, output_filters: 8}", [
            "blocks[0].type mbconv -> conv",
            "blocks[0].shortcut identity -> none",
            "blocks[0].expand_ratio 1 -> not set",
        ]),
        ("\n  - {kernel_size: 3, output_filters: 8, expand_ratio: 1}", "", [
            "blocks[0] 1 x MBConv1, k3x3, 8 filters -> none",
        ]),
        ("blocks:", "blocks:\n  - {kernel_size: 5, output_filters: 8, expand_ratio: 3, stride: 2}", [
            "blocks[0] none -> 1 x MBConv3, k5x5, stride 2, 8 filters",
        ]),
    ],
)  # fmt: skip
def test_a_change_is_told_by_its_path(replaced: str, by: str, changes: list[str]) -> None:
    assert replaced in NETWORK
    assert told(NETWORK.replace(replaced, by)) == changes


@pytest.mark.parametrize(
    "text",
    [
        NETWORK + "# a comment\n",
        "\n".join(reversed(NETWORK.splitlines()[:3])) + "\n" + "\n".join(NETWORK.splitlines()[3:]) + "\n",
        "name: other\nfamily: Other\nsource: elsewhere\n" + NETWORK,
        NETWORK.replace("stride: 2", "strides: [2, 2], id_skip: true"),
        NETWORK.replace("{kernel_size: 3, num", "{input_filters: 8, kernel_size: 3, num"),
    ],
    ids=["a comment", "other order", "other name", "other spelling", "what follows"],
)
def test_what_says_the_same_is_no_change(text: str) -> None:
    assert text != NETWORK
    assert told(text) == []


def test_a_row_in_the_middle_is_one_insertion() -> None:
    rows = load("efficientnet-b0").spec.blocks
    base = load("efficientnet-b0").spec
    for index in range(len(rows) + 1):
        head = base.model_copy(update={"blocks": (*rows[:index], load("mnasnet-a1").spec.blocks[0], *rows[index:])})
        (change,) = spec_changes(base, head)
        assert change.option == f"blocks[{index}]"
        assert change.base == "none"


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("depthwise_stack", (3, 3), "[3, 3]"),
        ("stride", (2, 2), "2"),
        ("kernel_size", (5,), "5"),
        ("output_shape", (8, 4, 4), "8x4x4"),
        ("width", 1.4, "1.4"),
        ("width", 2.0, "2"),
        ("eps", 1e-5, "1e-05"),
        ("num", 3, "3"),
    ],
)
def test_a_value_is_written_as_in_yaml(key: str, value: object, text: str) -> None:
    assert option_text(key, value) == text


def test_every_key_of_a_spec_is_compared() -> None:
    """A path for each value of a network that differs in everything that can be said of it."""
    base, head = load("efficientnet-b0").spec, load("mobilenet-v3-large").spec
    changed = {change.option.split("[")[0].split(".")[0] for change in spec_changes(base, head)}
    differing = {key for key, value in _description_free(base).items() if value != _description_free(head)[key]}
    assert changed == differing


def _description_free(spec: Spec) -> Mapping[str, object]:
    return spec.model_dump(exclude=set(DESCRIPTIVE_KEYS))

"""The family's building blocks, each as a network of one row, built as its paper builds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mbconv_cli.analysis.networks import Extent
from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.loader import load_text
from mbconv_cli.spec.overrides import Override, option_mark, parse_override
from mbconv_cli.yaml.yaml_text import read_yaml

PLAIN: Final = "convolution"


@dataclass(frozen=True, slots=True)
class BlockQuestion:
    """Building blocks with one input and one output.

    Attributes:
        channels_in: of the input.
        channels_out: of the output.
        resolution: (height, width) of the input, in pixels.
        stride: in both directions.
        kernel_size: of the spatial convolution, odd.
        expand_ratio: of the blocks that expand.
        se_ratio: of the blocks that have squeeze-and-excitation.
        batch_size: images in a batch.
        extra_rows: more blocks, each in a row's notation or as YAML.
        overrides: what is changed in every block, each as `PATH=VALUE`.
    """

    channels_in: int
    channels_out: int
    resolution: Extent
    stride: int = 1
    kernel_size: int = 3
    expand_ratio: float = 6.0
    se_ratio: float = 0.25
    batch_size: int = 1
    extra_rows: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FamilyBlock:
    """A block as one of the family's papers builds it.

    Attributes:
        conventions: what its paper's networks say besides the row.
        row: what its row says, besides widths, kernel and stride.
        asked: the keys of the row that the question gives.
    """

    conventions: Mapping[str, Any]
    row: Mapping[str, Any]
    asked: tuple[str, ...] = ()


FAMILY: Final[Mapping[str, FamilyBlock]] = {
    PLAIN: FamilyBlock({"activation": "relu"}, {"type": "conv"}),
    "MobileNetV1": FamilyBlock({"activation": "relu"}, {"type": "depthwise_separable"}),
    "Xception": FamilyBlock(
        {"activation": "relu"}, {"type": "depthwise_separable", "norm_between": False, "activation_between": False}
    ),
    "MobileNetV2": FamilyBlock({"activation": "relu6"}, {"type": "mbconv"}, ("expand_ratio",)),
    "MobileNetV3": FamilyBlock(
        {
            "activation": "hard_swish",
            "se": {"squeeze_from": "expanded", "divisor": 8, "activation": "relu", "gate": "hard_sigmoid"},
        },
        {"type": "mbconv"},
        ("expand_ratio", "se_ratio"),
    ),
    "EfficientNet": FamilyBlock({"activation": "swish"}, {"type": "mbconv"}, ("expand_ratio", "se_ratio")),
    "EfficientNetV2": FamilyBlock({"activation": "swish"}, {"type": "fused_mbconv"}, ("expand_ratio",)),
}
"""Each block under the name of the network that brought it; the plain convolution first."""


def block_plans(question: BlockQuestion) -> dict[str, Plan]:
    """Every block's Plan, the family's first, then the user's under the text they were given as.

    Raises:
        InputError: a row or an override is not valid, or a block gives another output than the others.
    """
    overrides = [parse_override(text) for text in question.overrides]
    plans = {name: _plan(name, *_family_block(block, question), overrides) for name, block in FAMILY.items()}
    wanted = plans[PLAIN].output_shape
    for text in question.extra_rows:
        row = Override(text, ("blocks", 0), _user_row(text, question), option_mark(text, "--block"))
        plan = _plan(text, {}, {}, question, [row, *overrides])
        if plan.output_shape != wanted:
            gives, not_this = ("x".join(map(str, shape)) for shape in (plan.output_shape, wanted))
            raise InputError(f"{row.mark}: gives {gives}, but the others {not_this}; see --out and --stride")
        plans[text] = plan
    return plans


def _family_block(block: FamilyBlock, question: BlockQuestion) -> tuple[dict[str, Any], dict[str, Any], BlockQuestion]:
    asked = {"expand_ratio": question.expand_ratio, "se_ratio": question.se_ratio}
    row = {**_common(question), **block.row, **{key: asked[key] for key in block.asked}}
    return dict(block.conventions), row, question


def _common(question: BlockQuestion) -> dict[str, Any]:
    return {
        "kernel_size": question.kernel_size,
        "output_filters": question.channels_out,
        "stride": question.stride,
    }


def _plan(
    name: str,
    conventions: Mapping[str, Any],
    row: Mapping[str, Any],
    question: BlockQuestion,
    overrides: Sequence[Override],
) -> Plan:
    """A network of one row, read like any file: JSON is YAML."""
    image = {"channels": question.channels_in, "resolution": list(question.resolution)}
    text = json.dumps({"name": _printable(name), "input": image, **conventions, "blocks": [row]})
    return plan_loaded(load_text(text, f"the block {name!r}", overrides=overrides))


def _user_row(text: str, question: BlockQuestion) -> Any:
    """A row in notation as it is; one in YAML with what it leaves open filled in from the question."""
    if not text.strip():
        raise InputError("--block: an empty row; one is written ir_r1_k5_s1_e6_c112_se0.25 or '{type: conv}'")
    row = read_yaml(text, f"--block {text!r}").data
    return {**dict(_open_keys(row, question)), **row} if isinstance(row, dict) else row


def _open_keys(row: Mapping[str, Any], question: BlockQuestion) -> Iterator[tuple[str, Any]]:
    for key, value in _common(question).items():
        if key not in row and not (key == "stride" and "strides" in row):
            yield key, value


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else " " for character in name)[:300] or "block"

"""Rows in timm's notation against the blocks that timm itself makes of them: same layers, same numbers out."""

from __future__ import annotations

from typing import Any, Final

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.weights import copy_weights
from mbconv_cli.spec.loader import load_text

CHANNELS: Final = 16
RESOLUTION: Final = 12
NETWORK: Final[dict[str, Any]] = {
    "input": {"channels": CHANNELS, "resolution": RESOLUTION},
    "activation": "hard_swish",
    "expand_divisor": 8,
    "se": {"squeeze_from": "input", "rounding": "nearest"},
}
TOLERANCE: Final = 1e-5

KERNELS: Final = st.sampled_from(["k1", "k3", "k5"])
MIXED_KERNELS: Final = KERNELS | st.sampled_from(["k3.5", "k3.5.7"])
EXPANSIONS: Final = st.sampled_from(["e1", "e2", "e3"])
SE: Final = st.sampled_from(["", "se0.25", "se0.5"])
SKIP: Final = st.sampled_from(["", "noskip"])
# What a kind of row may say besides repeats, stride, channels and activation.
KINDS: Final[dict[str, tuple[st.SearchStrategy[str], ...]]] = {
    "ir": (MIXED_KERNELS, EXPANSIONS, SE, SKIP, st.sampled_from(["", "a1.1"]), st.sampled_from(["", "p1.1"])),
    "ds": (MIXED_KERNELS, SE, SKIP, st.sampled_from(["", "e1"])),
    "dsa": (MIXED_KERNELS, SE),
    "er": (KERNELS, EXPANSIONS, SE, SKIP, st.sampled_from(["", "fc8"]), st.sampled_from(["", "gs8"])),
    "uir": (st.sampled_from(["k3", "k5"]), EXPANSIONS, SE, SKIP, st.sampled_from(["", "a0", "a3", "a5"])),
    "cn": (KERNELS, st.sampled_from(["", "skip"])),
}


@st.composite
def string_rows(draw: st.DrawFn) -> str:
    """A row of any kind, its tokens in any order."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    tokens = [f"r{draw(st.integers(1, 2))}", f"s{draw(st.integers(1, 2))}", f"c{draw(st.sampled_from([8, 16, 24]))}"]
    tokens += [draw(token) for token in KINDS[kind]]
    tokens.append(draw(st.sampled_from(["", "nre", "nr6", "nsw", "nhs"])))
    return "_".join([kind, *draw(st.permutations([token for token in tokens if token]))])


def of_timm(rows: list[str]) -> nn.Module:
    builder: Any = pytest.importorskip("timm.models._efficientnet_builder", reason="timm is not installed")
    blocks: Any = pytest.importorskip("timm.models._efficientnet_blocks", reason="timm is not installed")
    make = builder.EfficientNetBuilder(act_layer=nn.Hardswish, norm_layer=nn.BatchNorm2d, se_layer=blocks.SqueezeExcite)
    return nn.Sequential(*make(CHANNELS, builder.decode_arch_def([[row] for row in rows]))).eval()


@given(rows=st.lists(string_rows(), min_size=1, max_size=2))
def test_a_string_row_is_the_block_that_timm_makes_of_it(rows: list[str]) -> None:
    try:
        plan = plan_loaded(load_text(yaml.safe_dump({**NETWORK, "blocks": rows}), "f.yaml"))
    except InputError:  # channels that do not divide into groups
        with pytest.raises(ValueError, match="divisible by groups"):
            of_timm(rows)
        return
    ours, theirs = build(plan, torch.device("cpu")), of_timm(rows)
    image = torch.rand(2, *plan.input_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        copy_weights(theirs, ours, image)
        mine, expected = ours(image), theirs(image)
    assert mine.shape == expected.shape
    assert float((mine - expected).abs().max()) <= TOLERANCE * float(expected.abs().max())

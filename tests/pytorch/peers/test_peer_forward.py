"""The same weights give the same output, and where they do not, the op is named."""

from __future__ import annotations

import pytest
import torch

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.pytorch.peers.peer_forward import Forward, compare_forward, relative_difference
from mbconv_cli.pytorch.weights import WeightMismatchError
from mbconv_cli.spec.loader import load_text

TOLERANCE = 1e-4
PEER = "torchvision:mobilenet_v3_small"

pytest.importorskip("torchvision", reason="nothing to compare with")


def compare(text: str) -> Forward:
    plan = make_plan(load_text(f"extends: mobilenet-v3-small\nscaling: {{resolution: 96}}\n{text}", "x.yaml").spec)
    return compare_forward(plan, PEER, TOLERANCE)


def test_the_same_network_gives_the_same_output() -> None:
    forward = compare("")
    assert forward.difference <= 1e-5
    assert (forward.first_op, forward.reason) == (None, "")


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("mixnet-s", "timm:mixnet_s"),  # one convolution for each group of ours
        ("mobilenet-v3-small-0.75", "timm:tf_mobilenetv3_small_075"),  # a 1x1 convolution for a linear layer of ours
    ],
)
def test_layers_that_are_written_otherwise_give_the_same_output(name: str, peer: str) -> None:
    pytest.importorskip("timm", reason="nothing to compare with")
    plan = open_network(name, resolution=128).plan
    assert compare_forward(plan, peer, TOLERANCE).difference <= 1e-5


@pytest.mark.parametrize(
    ("change", "first_op", "reason"),
    [
        ("norm: {eps: 1e-2}", "stem.norm", "norm.eps 0.01 here, 0.001 there"),
        ("activation: swish", "stem.activation", "silu here, hardswish there"),
        ("padding: same", "stem.conv", "see the option `padding`: 0-1-0-1 pixels (top, bottom, left, right) here"),
        ("se: {gate: sigmoid}", "stages.0.0.se.gate", "sigmoid here, hardsigmoid there"),
        ("classifier: {activation: relu}", "classifier.activation", "relu here, hardswish there"),
    ],
)
def test_the_first_op_whose_output_differs_is_named_and_why(change: str, first_op: str, reason: str) -> None:
    forward = compare(change)
    assert forward.difference > 100 * TOLERANCE
    assert (forward.first_op, forward.reason) == (first_op, reason)


def test_layers_that_differ_are_not_run() -> None:
    with pytest.raises(WeightMismatchError):
        compare("stem: {kernel_size: 5}")


def test_comparing_leaves_the_random_numbers_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    compare("")
    assert torch.equal(torch.rand(3), expected)


def test_the_relative_difference_is_of_the_largest() -> None:
    assert relative_difference(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 4.0])) == 0.5

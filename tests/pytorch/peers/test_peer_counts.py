"""Where a peer first differs from a Plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.plan.op_kinds import Conv2d
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.pytorch.peers.peer_counts import count_peer
from mbconv_cli.spec.loader import load_text

pytest.importorskip("timm", reason="nothing to count")
pytest.importorskip("torchvision", reason="nothing to count")


def changed(name: str, text: str) -> Plan:
    return make_plan(load_text(f"extends: {name}\n{text}", "changed.yaml").spec)


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("mobilenet-v3-small", "torchvision:mobilenet_v3_small"),
        ("mobilenet-v3-small-0.75", "timm:tf_mobilenetv3_small_075"),  # a 1x1 convolution in place of a linear layer
        ("mixnet-s", "timm:mixnet_s"),  # one convolution for each group
        ("xception", "timm:legacy_xception"),
    ],
)
def test_nothing_differs_from_the_same_network(name: str, peer: str) -> None:
    network = open_network(name)
    assert network.spec.expect
    count = count_peer(network.plan, peer)
    assert (count.params, count.macs) == (network.spec.expect.params, network.spec.expect.macs)
    assert count.first_difference is None


def test_the_first_op_that_differs_is_named_with_what_both_have() -> None:
    count = count_peer(changed("mobilenet-v2", "stem: {kernel_size: 5}"), "torchvision:mobilenet_v2")
    assert count.first_difference == (
        "stem.conv has weights 32x3x5x5, 30,105,600 MAC, there features.0.0 has weights 32x3x3x3, 10,838,016 MAC"
    )


def test_a_bias_more_is_a_difference() -> None:
    plan = open_network("mobilenet-v3-small").plan
    first = plan.ops[0]
    assert isinstance(first.kind, Conv2d)
    with_bias = replace(plan, ops=(first._replace(kind=replace(first.kind, bias=True)), *plan.ops[1:]))
    difference = count_peer(with_bias, "torchvision:mobilenet_v3_small").first_difference
    assert difference
    assert difference.startswith("stem.conv has weights 16x3x3x3 and bias, ")


def test_an_end_too_early_is_told_on_either_side() -> None:
    plan = open_network("mobilenet-v3-small").plan
    shorter = replace(plan, ops=plan.ops[:-1])
    assert count_peer(shorter, "torchvision:mobilenet_v3_small").first_difference == (
        "nothing is left here, there classifier.3 has weights 1000x1024 and bias, 1,024,000 MAC"
    )
    longer = replace(plan, ops=(*plan.ops, plan.ops[-1]))
    assert count_peer(longer, "torchvision:mobilenet_v3_small").first_difference == (
        "classifier.linear has weights 1000x1024 and bias, 1,024,000 MAC, nothing is left there"
    )

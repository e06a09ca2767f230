"""The closed forms of other tools' figures against the tools themselves: equal to the last unit."""

from __future__ import annotations

import sys
from functools import cache

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.cost.tool_conventions import TOOLS, differences
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.pytorch.peers.counted import CountedModule, counted_module
from mbconv_cli.pytorch.peers.counters import COUNTERS
from mbconv_cli.pytorch.peers.peer_modules import PeerAbsentError
from mbconv_cli.spec.loader import load_text

# One of each kind of op there is, each in the forms it takes.
EVERYTHING = """
input: {resolution: 32}
activation: swish
padding: same
stem: {kernel_size: 3, output_filters: 8, stride: 2, max_pool: {kernel_size: 3, stride: 2}}
blocks:
  - {kernel_size: {mixed: [3, 5]}, expand_ratio: 2, output_filters: 8, num_repeat: 2, stride: 1, se_ratio: 0.25}
  - {type: xception, convolutions: 2, output_filters: 16, activation: relu, stride: 2}
head: {kernel_size: 1, output_filters: 32, activation: relu6}
classifier: {hidden_filters: 16, num_classes: 10, activation: hard_swish}
"""
PEERS = (
    "efficientnet-b0",  # torchvision: SE as convolutions and modules
    "efficientnet-lite0",  # timm: norm and activation in one, padding as TensorFlow, ReLU6
    "mixnet-s",  # one convolution for each group
    "mnasnet-b1",  # pooling as a mean
    "mobilenet-v3-small-0.75",  # a 1x1 convolution in place of a linear layer
    "se-resnet-50",  # max pooling
)


def unexplained(tool: str, module: CountedModule, plan: Plan) -> int:
    pytest.importorskip(COUNTERS[tool].package, reason="the tool is not installed: nothing to compare with")
    counted = module.count(tool)
    rules = TOOLS[tool]
    computed = zip(plan.ops, module.forms, strict=True)
    explained = rules.per_mac * total(plan_costs(plan)).macs + sum(count for _, count in differences(rules, computed))
    return counted.figure - explained


def test_every_tool_that_has_rules_is_called() -> None:
    assert set(COUNTERS) == set(TOOLS)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_kind_of_op_is_explained_in_the_built_module(tool: str) -> None:
    plan = make_plan(load_text(EVERYTHING, "everything.yaml").spec)
    module = counted_module(plan, None)
    assert all(module.forms)
    assert unexplained(tool, module, plan) == 0


@cache
def peer_of(name: str) -> tuple[Plan, CountedModule]:
    """A network's Plan, and its peer, which was recorded once for all tools."""
    network = open_network(name, resolution=96)
    assert network.spec.expect
    assert network.spec.expect.peer
    pytest.importorskip(network.spec.expect.peer.partition(":")[0], reason="nothing to count")
    module = counted_module(network.plan, network.spec.expect.peer)
    assert module.title == network.spec.expect.peer
    return network.plan, module


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"counted {name}")) for name in PEERS]
)
def test_peers_are_explained(name: str, tool: str) -> None:
    plan, module = peer_of(name)
    assert unexplained(tool, module, plan) == 0


def test_a_tool_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "thop", None)
    plan = make_plan(load_text(EVERYTHING, "everything.yaml").spec)
    with pytest.raises(PeerAbsentError, match="not installed"):
        counted_module(plan, None).count("thop")


def test_where_the_peer_is_not_there_the_built_module_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    module = counted_module(open_network("mixnet-s", resolution=64).plan, "timm:mixnet_s")
    assert module.title == "the module built here"
    assert module.notes == ("warning: timm is not installed: counted is the module built here",)

"""A folded network computes what the network with its batch norms computes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.parallel_sums import merge_parallel_sums
from mbconv_cli.plan.plan_rewrites import fold_norm
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.audit import audit
from mbconv_cli.pytorch.built_network import Network, build, images_to_settle, settle
from mbconv_cli.pytorch.folding import fold_network, merge_network
from mbconv_cli.pytorch.peers.peer_forward import relative_difference
from mbconv_cli.spec.loader import load_text

CPU = torch.device("cpu")
NETWORKS = ("bottleneck-v3-se-last", "mixnet-s", "mobilenet-v2-0.35", "tinynet-e")

networks = pytest.mark.parametrize("name", NETWORKS)


def settled(name: str) -> tuple[Plan, Network]:
    return settled_plan(open_network(name, resolution=64).plan)


def settled_plan(plan: Plan) -> tuple[Plan, Network]:
    """A network whose norms scale and shift, as trained ones do."""
    torch.manual_seed(0)
    network = build(plan, CPU)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    settle(network, torch.randn(images_to_settle(plan), *plan.input_shape))
    return plan, network


@networks
@torch.inference_mode()
def test_outputs_are_equal(name: str) -> None:
    plan, network = settled(name)
    images = torch.randn(4, *plan.input_shape)
    assert relative_difference(fold_network(network, plan)(images), network(images)) <= 1e-4


@networks
def test_the_folded_network_is_what_is_counted(name: str) -> None:
    plan, network = settled(name)
    folded = fold_norm(plan)
    assert audit(fold_network(network, plan), folded, plan_costs(folded)).agrees


REPVGG = """
input: {resolution: 32}
blocks:
  - {type: rep_vgg, output_filters: 8, stride: 2}
  - {type: rep_vgg, output_filters: 8, num_repeat: 2, groups: 2}
  - {type: rep_vgg, kernel_size: 5, output_filters: 16, bias: true}
  - {type: rep_vgg, output_filters: 16, padding: same, stride: 2, branches: 3}
  - {type: mobile_one, output_filters: 16, branches: 2}
  - {type: mobile_one, kernel_size: 5, output_filters: 24}
classifier: {num_classes: 10}
"""


@torch.inference_mode()
def test_parallel_convolutions_merged_into_one_give_the_same_output() -> None:
    plan, network = settled_plan(plan_loaded(load_text(REPVGG, "f.yaml")))
    folded = fold_network(network, plan)
    merged = merge_network(folded, fold_norm(plan))
    run = merge_parallel_sums(fold_norm(plan))
    assert len(run.ops) == (5 + 2 * 2) * 2 + 2
    images = torch.randn(4, *plan.input_shape)
    assert relative_difference(merged(images), network(images)) <= 1e-4
    assert audit(merged, run, plan_costs(run)).agrees


def test_the_network_itself_is_left_as_it_is() -> None:
    plan, network = settled("tinynet-e")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fold_network(network, plan)
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())

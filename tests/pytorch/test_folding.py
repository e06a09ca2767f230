"""A folded network computes what the network with its batch norms computes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import fold_norm
from mbconv_cli.pytorch.audit import audit
from mbconv_cli.pytorch.built_network import Network, build, images_to_settle, settle
from mbconv_cli.pytorch.folding import fold_network
from mbconv_cli.pytorch.peers.peer_forward import relative_difference

CPU = torch.device("cpu")
NETWORKS = ("bottleneck-v3-se-last", "mixnet-s", "mobilenet-v2-0.35", "tinynet-e")

networks = pytest.mark.parametrize("name", NETWORKS)


def settled(name: str) -> tuple[Plan, Network]:
    """A network whose norms scale and shift, as trained ones do."""
    torch.manual_seed(0)
    plan = open_network(name, resolution=64).plan
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


def test_the_network_itself_is_left_as_it_is() -> None:
    plan, network = settled("tinynet-e")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fold_network(network, plan)
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())

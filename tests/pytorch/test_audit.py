"""The closed forms against fvcore: agreement, and what is said where there is none."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.measure.audit_result import Audit, Disagreement
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.audit import audit
from mbconv_cli.pytorch.built_network import Network, build
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load_text

# One network for each block type and convention; `verify` and the property tests go through all of them.
REPRESENTATIVES = (
    "bottleneck-v3-se-last",
    "efficientnet-b0",
    "efficientnet-es",
    "efficientnet-lite0",
    "efficientnet-v2-b0",
    "fbnet-c",
    "mixnet-s",
    "mnasnet-a1",
    "mobilenet-v1",
    "mobilenet-v2-0.35",
    "mobilenet-v3-small",
    "se-resnet-50",
    "tinynet-e",
    "xception",
)
CPU = torch.device("cpu")

EVERYTHING = """
input: {resolution: 24}
activation: %s
padding: same
se: {activation: %s, expand_activation: relu, gate: %s}
stem: {kernel_size: 3, output_filters: 8, stride: 2}
blocks:
  - {kernel_size: 5, expand_ratio: 2, num_repeat: 2, output_filters: 16, se_ratio: 0.25, stride: 2}
  - {kernel_size: 3, expand_ratio: 1, output_filters: 24, se_ratio: 0.5, shortcut: projection}
  - {type: depthwise_separable, kernel_size: 4, output_filters: 16, stride: [1, 2]}
classifier: {hidden_filters: 32, num_classes: 10}
"""


def opened(name: str, resolution: int = 40) -> tuple[Plan, tuple[Cost, ...], Network]:
    plan = open_network(name, resolution=resolution).plan
    return plan, plan_costs(plan), build(plan, CPU)


@pytest.mark.parametrize("name", REPRESENTATIVES)
def test_both_counts_agree_on_one_network_of_each_kind(name: str) -> None:
    plan, costs, network = opened(name)
    result = audit(network, plan, costs)
    assert result.agrees
    assert result == Audit(
        ops=len(plan.ops),
        macs=total(costs).macs,
        params=total(costs).params,
        expected_params=total(costs).params,
        disagreements=(),
        unknown=(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(shipped()) - set(REPRESENTATIVES)))
def test_both_counts_agree_on_the_large_networks(name: str) -> None:
    plan, costs, network = opened(name, 64)
    assert audit(network, plan, costs).agrees


@pytest.mark.parametrize("activation", ["relu", "relu6", "swish", "hard_swish", "sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("inplace", [False, True])
def test_both_counts_agree_on_whatever_a_spec_can_say(activation: str, gate: str, inplace: bool) -> None:
    plan = plan_loaded(load_text(EVERYTHING % (activation, activation, gate), "everything.yaml"))
    result = audit(build(plan, CPU, inplace=inplace), plan, plan_costs(plan))
    assert result.agrees, result


def test_a_wrong_closed_form_is_named_with_both_counts() -> None:
    plan, costs, network = opened("mobilenet-v3-small")
    index = next(index for index, op in enumerate(plan.ops) if op.name == "stages.1.0.depthwise.conv")
    wrong = [*costs]
    wrong[index] = costs[index]._replace(macs=costs[index].macs + 1)
    result = audit(network, plan, wrong)
    assert not result.agrees
    assert result.disagreements == (
        Disagreement("stages.1.0.depthwise.conv", costs[index].macs + 1, costs[index].macs),
    )


def test_macs_claimed_for_an_op_that_has_none_are_named() -> None:
    plan, costs, network = opened("mobilenet-v3-small")
    wrong = [costs[0], costs[1]._replace(macs=7), *costs[2:]]
    assert audit(network, plan, wrong).disagreements == (Disagreement("stem.norm", 7, 0),)


def test_an_op_in_no_table_is_named_with_how_often_it_was_met() -> None:
    class Erf(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.erf(torch.erf(x))

    plan, costs, network = opened("mobilenet-v3-small")
    replaced = Erf()
    network.get_submodule("stem").add_module("activation", replaced)
    network.steps[2] = network.steps[2]._replace(module=replaced)
    result = audit(network, plan, costs)
    assert not result.agrees
    assert result.unknown == (("aten::erf", 2),)
    assert result.disagreements == ()


def test_params_of_the_module_that_the_closed_forms_do_not_have() -> None:
    plan, costs, network = opened("mobilenet-v3-small")
    network.register_parameter("spare", nn.Parameter(torch.zeros(3)))
    result = audit(network, plan, costs)
    assert not result.agrees
    assert result.params == result.expected_params + 3


def test_macs_outside_of_every_op_do_not_go_unseen() -> None:
    class Busy(Network):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.linear(super().forward(x), torch.zeros(4, 1_000))

    plan = open_network("mobilenet-v3-small", resolution=40).plan
    result = audit(Busy(plan).eval(), plan, plan_costs(plan))
    assert result.disagreements == (Disagreement("outside of every op", 0, 4_000),)


def test_the_audit_leaves_the_network_as_it_was() -> None:
    plan, costs, network = opened("mobilenet-v3-small")
    images = torch.randn(1, *plan.input_shape)
    with torch.inference_mode():
        before = network(images)
        audit(network, plan, costs)
        assert torch.equal(network(images), before)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("name", REPRESENTATIVES)
def test_both_counts_agree_on_a_cuda_device(name: str) -> None:
    plan = open_network(name).plan
    assert audit(build(plan, torch.device("cuda")), plan, plan_costs(plan)).agrees

"""Networks of all kinds come back from their ops, and from the modules that are built of them: the same Plan."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import Phase, assume, given, settings

from mbconv_cli.analysis.importing import imported
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.plan.op_kinds import AvgPool, ChannelShuffle, Kind, MaxPool
from mbconv_cli.plan.plan_rewrites import joined_groups
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.same_plans import same_graph
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.capture.code_plans import plan_of_module
from mbconv_cli.spec.loader import load_text
from tests.properties.test_valid_networks import SETTINGS, fitting, networks


@SETTINGS
@given(networks())
def test_a_network_comes_back_from_its_ops(data: dict[str, Any]) -> None:
    plan = fitting(plan_loaded, data)
    again = plan_loaded(load_text(imported(OpenNetwork(None, plan)).text, "again.yaml"))
    assert same_graph(joined_groups(plan), joined_groups(again))


def is_one_call(kind: Kind) -> bool:
    """Whether the built module computes an op by one call of PyTorch, which capture can know again.

    A pooling that is padded unequally is several calls, and so is a shuffle of channels.
    """
    match kind:
        case AvgPool(padding=(top, bottom, left, right)) | MaxPool(padding=(top, bottom, left, right)):
            return (top, left) == (bottom, right)
        case ChannelShuffle():
            return False
    return True


# Each example is an export; making a failing one smaller would take minutes.
@settings(SETTINGS, max_examples=settings().max_examples // 4, phases=[Phase.explicit, Phase.generate])
@given(networks())
def test_a_network_comes_back_from_the_module_that_is_built_of_it(data: dict[str, Any]) -> None:
    plan = fitting(plan_loaded, data)
    assume(all(is_one_call(op.kind) for op in plan.ops))
    network = build(plan, torch.device("meta"))
    captured = plan_of_module(network, torch.zeros(2, *plan.input_shape, device="meta"))
    again = plan_loaded(load_text(imported(OpenNetwork(None, captured)).text, "again.yaml"))
    assert same_graph(joined_groups(plan), joined_groups(again))

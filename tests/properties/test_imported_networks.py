"""Networks of all kinds come back from their ops, and from the modules that are built of them: the same Plan."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings

from mbconv_cli.analysis.importing import imported
from mbconv_cli.analysis.networks import OpenNetwork
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


@settings(SETTINGS, max_examples=settings().max_examples // 4)
@given(networks())
def test_a_network_comes_back_from_the_module_that_is_built_of_it(data: dict[str, Any]) -> None:
    plan = fitting(plan_loaded, data)
    network = build(plan, torch.device("meta"))
    captured = plan_of_module(network, torch.zeros(2, *plan.input_shape, device="meta"))
    again = plan_loaded(load_text(imported(OpenNetwork(None, captured)).text, "again.yaml"))
    assert same_graph(joined_groups(plan), joined_groups(again))

"""Every shipped network through its built module: built, captured, imported, and planned again, it is the same Plan."""

from __future__ import annotations

from typing import Final

import pytest
import torch

from mbconv_cli.analysis.importing import imported
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.plan.plan_rewrites import joined_groups
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.same_plans import same_graph
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.capture.code_plans import plan_of_module
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load_text

USUAL: Final = ("mobilenet-v3-small", "mixnet-s", "resnet-18")
"""Run every time; the others, which are captured in minutes, with `pytest -m slow`."""


@pytest.mark.parametrize(
    "name", [name if name in USUAL else pytest.param(name, marks=pytest.mark.slow) for name in shipped()]
)
def test_a_shipped_network_comes_back_from_its_built_module(name: str) -> None:
    plan = open_network(name).plan
    module = build(plan, torch.device("meta"))
    captured = plan_of_module(module, torch.zeros(2, *plan.input_shape, device="meta"))
    again = plan_loaded(load_text(imported(OpenNetwork(None, captured)).text, "again.yaml"))
    assert same_graph(joined_groups(plan), joined_groups(again))

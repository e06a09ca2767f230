"""The generated module of plain PyTorch: it needs nothing of this program, and computes the same."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch

from mbconv_cli.analysis.export.module_expressions import HELPERS
from mbconv_cli.analysis.export.python_module import python_module
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.pytorch.exports.exported_file import TOLERANCES, Target, export_file
from mbconv_cli.spec.catalogue import shipped

FAMILY_OPS = Path(__file__).parents[2] / "family_ops.yaml"
SMALL = 64
"""Pixels: enough for every network's strides."""


@pytest.mark.parametrize("name", shipped())
def test_it_is_python_that_imports_torch_alone(name: str) -> None:
    tree = ast.parse(python_module(open_network(name).plan))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name if isinstance(node, ast.Import) else node.module for node in imported for alias in node.names}
    assert names == {"torch", "torch.nn"}


@pytest.mark.parametrize(
    "name", ["efficientnet-b0", "mobilenet-v3-small", "mixnet-s", "xception", "resnet-50", "mobilenet-v1"]
)
def test_it_computes_what_the_built_network_does(name: str) -> None:
    plan = open_network(name, resolution=max(SMALL, 96 if name == "xception" else SMALL)).plan
    exported = export_file(plan, Target.PYTHON, source=python_module(plan))
    assert exported.difference <= TOLERANCES[Target.PYTHON]


@pytest.mark.parametrize("name", ["mobilenet-v2", "efficientnet-v2-b0"])
def test_it_dilates(name: str) -> None:
    plan = open_network(name, resolution=SMALL, overrides=["output_stride=8"]).plan
    exported = export_file(plan, Target.PYTHON, source=python_module(plan))
    assert exported.difference <= TOLERANCES[Target.PYTHON]


def test_it_has_every_op_of_the_vocabulary() -> None:
    plan = open_network(str(FAMILY_OPS)).plan
    exported = export_file(plan, Target.PYTHON, source=python_module(plan))
    assert exported.difference <= TOLERANCES[Target.PYTHON]


def test_it_has_no_helper_that_it_does_not_call() -> None:
    source = python_module(open_network("mobilenet-v2").plan)
    assert [name for name in HELPERS if f" {name}(" in source] == ["conv"]


def test_a_quote_in_a_name_ends_no_docstring() -> None:
    plan = open_network("mobilenet-v1").plan
    hostile = type(plan)('x"""\nimport os', plan.input_shape, plan.ops, plan.blocks)
    assert not [node for node in ast.walk(ast.parse(python_module(hostile))) if getattr(node, "names", None) == "os"]
    namespace: dict[str, object] = {"__name__": "exported"}
    exec(python_module(hostile), namespace)  # noqa: S102 - what a user would run
    assert "os" not in namespace


def test_the_same_network_gives_the_same_file() -> None:
    plan = open_network("mobilenet-v3-small", resolution=SMALL).plan
    state = torch.random.get_rng_state()
    first = export_file(plan, Target.TORCHSCRIPT)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert first.difference <= TOLERANCES[Target.TORCHSCRIPT]

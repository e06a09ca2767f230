"""Modules in onnxruntime: exported call by call, compared with the module itself, and timed by the Plan's ops."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import CodeOptions, open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.machine.device_choice import parse_device
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.execution import Backend, Execution
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.onnx.onnx_packages import PACKAGES
from mbconv_cli.report.model import Report

MODULES = Path(__file__).parents[1] / "capture" / "small_modules.py"
FORM = Execution(threads=1, backend=Backend.ONNXRUNTIME)


@pytest.fixture(autouse=True)
def _packages() -> None:
    for package in PACKAGES:
        pytest.importorskip(package, reason=f"the extra `onnx` is not installed: no {package}")


def plan_of(name: str, *inputs: str) -> Plan:
    return open_network(f"{MODULES}:{name}", code=CodeOptions(inputs=inputs)).plan


def measured(name: str, *inputs: str) -> Report:
    network = open_network(f"{MODULES}:{name}", code=CodeOptions(inputs=inputs))
    request = LatencyRequest(parse_device("cpu"), budget_for(None, 0.3, 1), lambda _: None)
    return profile(network, execution=FORM, view=View(By.BLOCK), latency=request)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [("Language", ["2x5:int64"]), ("Named", ["x=3x8", "mask=3x1"]), ("Encoder", ["2x7x16"])],
)
def test_blocks_of_any_module_have_time(name: str, inputs: list[str]) -> None:
    report = measured(name, *inputs)
    rows = {str(row["name"]): float(str(row["latency_ms"])) for row in report.sections["blocks"].rows}
    blocks = {block.name for block in plan_of(name, *inputs).blocks}
    assert blocks <= set(rows)
    assert sum(rows[block] for block in blocks) > 0
    assert any("outputs differ from torch's by" in note for note in report.notes)


def test_nodes_belong_to_the_ops_that_they_come_from() -> None:
    import onnx

    from mbconv_cli.pytorch.onnx.exportable import exportable
    from mbconv_cli.pytorch.onnx.onnx_export import export

    plan = plan_of("Convolutions", "2x3x8x8")
    ready = exportable(plan, plan_costs(plan), 2)
    nodes = onnx.load_from_string(export(ready.module, ready.inputs, ready.labels)).graph.node
    names = dict(zip(ready.labels, (op.name for op in plan.ops), strict=True))
    found = {node.op_type: names[node.name.partition("/")[0]] for node in nodes}
    assert found == {
        "Conv": "norm",  # which the exporter folds into the convolution
        "Relu": "relu",
        "Sigmoid": "sigmoid",
        "Add": "add",
        "ReduceMean": "mean",
        "Gemm": "head",
    }


def test_a_session_makes_inputs_of_what_the_network_states() -> None:
    from mbconv_cli.pytorch.onnx.exportable import exportable
    from mbconv_cli.pytorch.onnx.onnx_export import export
    from mbconv_cli.pytorch.onnx.sessions import PlainSession

    plan = plan_of("Language", "2x5:int64")
    ready = exportable(plan, plan_costs(plan), 2)
    assert PlainSession(export(ready.module, ready.inputs, ready.labels), 1).run().shape == (2, 5, 50)

"""Modules measured beside their captured programs, in every form of execution."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mbconv_cli.analysis.networks import CodeOptions, open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.machine.device_choice import parse_device
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.execution import Dtype, Execution, MemoryFormat, Mode
from mbconv_cli.pytorch.capture.capture import captured_plan
from mbconv_cli.pytorch.capture.captured_training import CapturedTraining
from mbconv_cli.pytorch.capture.code_plans import exported_with
from mbconv_cli.pytorch.capture.program import captured_program
from mbconv_cli.report.model import Report
from mbconv_cli.spec.code_reference import parse_code, parse_inputs
from tests.fake_device import GAP_US, FakeDevice, kernels_of_pass, use

MODULES = Path(__file__).with_name("small_modules.py")


def measured(name: str, *inputs: str, views: bool = False, **form: Any) -> Report:
    execution = Execution(threads=1, **form)
    reference = name if name.endswith(".pt2") else f"{MODULES}:{name}"
    network = open_network(reference, code=CodeOptions(inputs=inputs, training=execution.training, views=views))
    assert network.plan.code is not None
    request = LatencyRequest(parse_device("cpu"), budget_for(None, 0.3, 1), lambda _: None)
    return profile(network, execution=execution, latency=request)


def notes(report: Report) -> str:
    return "\n".join(report.notes)


def latencies(report: Report) -> dict[str, float]:
    return {str(row["name"]): float(str(row["latency_ms"])) for row in report.sections["latency"].rows}


def test_transformer_layers_have_rows_though_the_module_runs_them_as_one_kernel() -> None:
    report = measured("Encoder", "2x7x16")
    rows = [str(row["name"]) for row in report.sections["layers"].rows]
    assert "encoder.layers.0.self_attn.scaled_dot_product_attention" in rows
    assert any("it takes PyTorch's fast path" in note for note in report.notes)
    times = latencies(report)
    assert math.isclose(times["captured program"] + times["calls of modules"], times["end to end"])
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_module_without_a_fused_kernel_takes_no_fast_path() -> None:
    assert not any("fast path" in note for note in measured("Convolutions", "2x3x8x8").notes)


@pytest.mark.parametrize("training", [False, True])
def test_views_that_are_asked_for_have_times_of_their_own(training: bool) -> None:
    report = measured("Encoder", "2x7x16", views=True, training=training)
    layers = {str(row["name"]): row for row in report.sections["layers"].rows}
    view = layers["encoder.layers.0.self_attn.transpose"]
    assert (view["bytes"], view["params"], view["role"]) == (0, 0, "shape")
    times = [float(str(row["latency_ms"])) for row in layers.values()]
    assert math.isclose(sum(times), latencies(report)["sum of layers"])
    assert float(str(view["latency_ms"])) > 0


def test_layers_are_trained_both_ways_and_dropout_is_one_of_them() -> None:
    report = measured("Convolutions", "2x3x8x8", training=True)
    layers = {str(row["name"]): row for row in report.sections["layers"].rows}
    assert list(layers) == ["conv", "norm", "relu", "sigmoid", "add", "mean", "drop", "head"]
    for row in layers.values():
        both = float(str(row["forward_ms"])) + float(str(row["backward_ms"]))
        assert math.isclose(both, float(str(row["latency_ms"])))
    assert "outputs differ by 0.0e+00" in notes(report)  # on the same random numbers


@pytest.mark.parametrize(
    ("name", "inputs"), [("Language", ["2x5:int64"]), ("Named", ["x=3x8", "mask=3x1"]), ("Encoder", ["2x7x16"])]
)
def test_any_module_is_trained(name: str, inputs: list[str]) -> None:
    report = measured(name, *inputs, training=True)
    assert all(float(str(row["backward_ms"])) >= 0 for row in report.sections["layers"].rows)
    assert "fast path" not in notes(report)


def test_what_the_device_calls_in_another_way_is_measured_all_the_same() -> None:
    rows = [str(row["name"]) for row in measured("Masked", "2x8").sections["layers"].rows]
    assert "copy" in rows  # on the meta device, where it was counted
    assert rows[-2:] == ["layer", "mul"]


@pytest.fixture
def trained() -> tuple[nn.Module, CapturedTraining]:
    code = parse_code(f"{MODULES}:Convolutions")
    assert code is not None
    asked = replace(code, inputs=parse_inputs(["2x3x8x8"]), training=True)
    module, inputs, exported = exported_with(asked, torch.device("cpu"))
    return module, CapturedTraining(module, captured_program(exported, captured_plan(exported, "mine")), inputs)


def test_an_op_has_gone_backward_when_its_stamp_is_taken(trained: tuple[nn.Module, CapturedTraining]) -> None:
    module, training = trained
    seen: list[str] = []

    def stamp() -> None:
        seen.append(" ".join(name for name, parameter in module.named_parameters() if parameter.grad is not None))

    module.zero_grad()
    training.stamped(stamp)
    head, norm = "head.weight head.bias", "norm.weight norm.bias"
    back = [head] * 6 + [f"{norm} {head}", f"conv.weight {norm} {head}"]
    assert seen == [""] * 8 + back


def test_the_program_gives_the_gradients_of_the_module(trained: tuple[nn.Module, CapturedTraining]) -> None:
    module, training = trained
    found = []
    for run in (training.as_called, training.by_program, lambda: training.stamped(lambda: None)):
        module.zero_grad()
        torch.manual_seed(1)
        run()
        found.append([parameter.grad for parameter in module.parameters()])
    for gradients in found[1:]:
        torch.testing.assert_close(gradients, found[0])


@pytest.mark.parametrize(
    "form",
    [
        {"mode": Mode.COMPILE},
        {"dtype": Dtype.BFLOAT16},
        {"memory_format": MemoryFormat.CHANNELS_LAST},
        {"dtype": Dtype.BFLOAT16, "memory_format": MemoryFormat.CHANNELS_LAST, "training": True},
        {"fold_norm": True},
    ],
    ids="-".join,
)
def test_every_form_of_a_module_with_convolutions(form: dict[str, Any]) -> None:
    report = measured("Convolutions", "2x3x8x8", **form)
    assert latencies(report)["end to end"] > 0
    assert "captured program: beside the module as called, outputs differ by" in notes(report)


def test_an_archive_is_measured(tmp_path: Path) -> None:
    layers = nn.Sequential(nn.Linear(4, 5), nn.ReLU()).eval()
    torch.export.save(torch.export.export(layers, (torch.zeros(2, 4),)), tmp_path / "layers.pt2")
    report = measured(str(tmp_path / "layers.pt2"))
    assert [row["name"] for row in report.sections["layers"].rows] == ["0", "1"]
    assert latencies(report)["end to end"] > 0


@pytest.mark.parametrize("form", [{}, {"fold_norm": True}, {"training": True}])
def test_modules_on_an_accelerator_have_the_devices_own_times(
    form: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeDevice(), monkeypatch)
    report = measured("Convolutions", "2x3x8x8", **form)
    times = latencies(report)
    assert times["sum of layers"] + times["between kernels"] == pytest.approx(times["end to end"], rel=1e-9)
    assert times["launched from Python"] > times["end to end"]
    ops, unfolded = len(report.sections["layers"].rows), report.measurement.get("unfolded_ms")
    if "fold_norm" in form:
        whole = kernels_of_pass(ops + 1)  # one batch norm more
        assert unfolded == pytest.approx(sum(one.us + GAP_US for one in whole) / 1e3)
    else:
        assert unfolded is None
    assert [row["name"] for row in report.sections["layers"].rows][-1] == (
        "kernels of no op" if "training" in form else "head"
    )

"""Modules measured beside their captured programs, in every form of execution."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from mbconv_cli.analysis.networks import CodeOptions, open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.machine.device_choice import parse_device
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.execution import Execution
from mbconv_cli.report.model import Report

MODULES = Path(__file__).with_name("small_modules.py")


def measured(name: str, *inputs: str, execution: Execution | None = None) -> Report:
    execution = execution or Execution(threads=1)
    network = open_network(f"{MODULES}:{name}", code=CodeOptions(inputs=inputs))
    assert network.plan.code is not None
    request = LatencyRequest(parse_device("cpu"), budget_for(None, 0.3, 1), lambda _: None)
    return profile(network, execution=execution, latency=request)


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

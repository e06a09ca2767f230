"""Annotations and autograd's numbers in a trace that torch's profiler makes here; kernels are played by host calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.measure.timeline.device_trace import AUTOGRAD_NODE, DeviceTrace, read_device_trace
from mbconv_cli.measure.timeline.kernel_assignment import eager_passes, graph_replays
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.device_tracing import OpAnnotations, trace_by_op, trace_replays, traceable
from mbconv_cli.pytorch.graph_capture import capture_graph
from mbconv_cli.pytorch.training import TrainingPass

PLAN = open_network("mobilenet-v3-small", resolution=32).plan
CPU = torch.device("cpu")


def traced(run: Any, passes: int, folder: Path) -> DeviceTrace:
    """A trace in which every innermost call of an op on the host launched one kernel."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(passes):
            with OpAnnotations(len(PLAN.ops)) as annotations:
                run(annotations.stamp)
    path = folder / "trace.json"
    profiled.export_chrome_trace(str(path))
    events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    calls = [event for event in events if event.get("cat") == "cpu_op" and not event["name"].startswith(AUTOGRAD_NODE)]
    calls.sort(key=lambda event: (event["ts"], -event["dur"]))
    leaves = [call for call, after in zip(calls, [*calls[1:], None], strict=True) if not _holds(call, after)]
    for number, call in enumerate(leaves):
        start = call["ts"] + call["dur"] / 2
        events.append({"cat": "cuda_runtime", "name": "launch", "ts": start, "dur": 0, "args": {"correlation": number}})
        events.append({"cat": "kernel", "name": call["name"], "ts": start, "dur": 1, "args": {"correlation": number}})
    return read_device_trace(events)


def _holds(call: dict[str, Any], other: dict[str, Any] | None) -> bool:
    return other is not None and other["ts"] < call["ts"] + call["dur"] and other["tid"] == call["tid"]


@torch.inference_mode()
def test_every_call_of_a_pass_belongs_to_the_op_that_made_it(tmp_path: Path) -> None:
    network, images = build(PLAN, CPU), torch.randn(2, *PLAN.input_shape)
    passes = eager_passes(traced(lambda stamp: network.run(images, stamp), 2, tmp_path))
    assert len(passes) == 2
    for kernels in passes:
        ops = [kernel.op for kernel in kernels]
        assert set(ops) == set(range(len(PLAN.ops)))
        assert not any(kernel.backward for kernel in kernels)
    activations = {kernel.op for kernel in passes[1] if "hardswish" in kernel.name}
    assert len(activations) > 10
    assert activations <= {index for index, op in enumerate(PLAN.ops) if op.name.endswith("activation")}


def test_every_call_on_the_way_back_belongs_to_the_op_that_went_there(tmp_path: Path) -> None:
    network = build(PLAN, CPU, inplace=False).train()
    training = TrainingPass(PLAN, network, torch.randn(2, *PLAN.input_shape))
    kernels = eager_passes(traced(training.by_op, 2, tmp_path))[-1]
    back = [kernel for kernel in kernels if kernel.backward]
    assert {kernel.op for kernel in back} == set(range(len(PLAN.ops)))
    convolutions = {kernel.op for kernel in back if kernel.name == "aten::convolution_backward"}
    assert convolutions <= {index for index, op in enumerate(PLAN.ops) if op.name.endswith("conv")}
    orphans = {kernel.name for kernel in kernels if kernel.op is None}
    assert orphans <= {"aten::detach", "detach", "aten::add_", "aten::zero_", "aten::fill_"}


def test_the_cpu_has_no_timeline_of_its_own() -> None:
    assert not traceable(CPU)


def test_a_pass_with_fewer_stamps_than_ops_closes_its_annotations(tmp_path: Path) -> None:
    """And one with more opens none beyond the last op."""
    for stamps in (1, len(PLAN.ops) + 2):
        with profile(activities=[ProfilerActivity.CPU]) as profiled, OpAnnotations(3) as annotations:
            for _ in range(stamps):
                annotations.stamp()
        path = tmp_path / "trace.json"
        profiled.export_chrome_trace(str(path))
        trace = read_device_trace(json.loads(path.read_text(encoding="utf-8"))["traceEvents"])
        assert [interval.op for interval in trace.intervals] == list(range(min(stamps + 1, 3)))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@torch.inference_mode()
def test_replays_have_the_kernels_of_the_pass_on_a_real_device() -> None:
    device = torch.device("cuda:0")
    network, images = build(PLAN, device), torch.randn(2, *PLAN.input_shape, device=device)
    passes = eager_passes(trace_by_op(lambda stamp: network.run(images, stamp), len(PLAN.ops), device, 2))
    replays = graph_replays(trace_replays(capture_graph(lambda: network(images), device), device, 3))
    assert len(replays) == 3
    assert [kernel.name for kernel in replays[-1]] == [kernel.name for kernel in passes[-1]]
    assert None not in {kernel.op for kernel in passes[-1]}

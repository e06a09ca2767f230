"""The timeline of an H100, from recordings: every kernel finds its op, layers + between kernels are the whole."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path
from statistics import fmean

import pytest
from device_timeline import read_recording, report

from mbconv_cli.measure.timeline.device_trace import DeviceKernel, DeviceTrace, read_device_trace
from mbconv_cli.measure.timeline.kernel_assignment import AssignedKernel, eager_passes, graph_replays, ops_of_replay
from mbconv_cli.measure.timeline.kernel_kinds import KernelKind, kind_of
from mbconv_cli.measure.timeline.layer_times import alike, mean_durations, mean_span, part_times, parts_of_kernels

RECORDINGS = Path(__file__).parent / "recordings"
# Kernels a pass, and an untraced replay in ms, as noted when the recordings were made.
RECORDED = {"b0-fp32-b1": (284, 0.7487), "b0-fp16-b128": (383, 6.5226), "v2-fp32-b1": (157, 0.4780)}
each_recording = pytest.mark.parametrize("recording", RECORDED)


@cache
def trace(recording: str, kind: str) -> DeviceTrace:
    return read_recording(RECORDINGS / f"{recording}-{kind}.json.gz")


@cache
def prototype_rows(recording: str) -> tuple[dict[str, str], ...]:
    """What a prototype made of the whole recording: medians over twelve replays, of which four are kept here."""
    with (RECORDINGS / "layers.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row for row in csv.DictReader(file) if row["recording"] == recording)


@cache
def times_of(recording: str) -> tuple[float, ...]:
    """The time of each op in ms, and behind them that of kernels of no op: means over the replays."""
    replays = graph_replays(trace(recording, "graph"))
    ops = ops_of_replay(eager_passes(trace(recording, "eager"))[-1], [kernel.name for kernel in replays[0]])
    of_replays = [part_times(replay, ops, len(prototype_rows(recording))) for replay in replays]
    return tuple(fmean(times) for times in zip(*of_replays, strict=True))


@each_recording
def test_every_eager_kernel_finds_its_op(recording: str) -> None:
    passes = eager_passes(trace(recording, "eager"))
    assert [len(kernels) for kernels in passes] == [RECORDED[recording][0]] * 3
    ops = [kernel.op for kernel in passes[-1]]
    assert None not in ops
    assert ops == sorted(op for op in ops if op is not None)


@each_recording
def test_a_replay_has_the_kernels_of_the_eager_pass_in_their_order(recording: str) -> None:
    eager = [kernel.name for kernel in eager_passes(trace(recording, "eager"))[-1]]
    replays = graph_replays(trace(recording, "graph"))
    assert len(replays) == 4
    assert all([kernel.name for kernel in replay] == eager for replay in replays)


@each_recording
def test_layers_are_less_than_the_untraced_time(recording: str) -> None:
    """What is left of it is between the kernels."""
    *ops, unassigned = times_of(recording)
    untraced = RECORDED[recording][1]
    assert unassigned == 0
    assert 0 < untraced - sum(ops) < 0.15 * untraced
    assert sum(ops) < mean_span(graph_replays(trace(recording, "graph")))


@each_recording
def test_layers_are_those_of_the_prototype(recording: str) -> None:
    expected = [float(row["kernels_us"]) / 1e3 for row in prototype_rows(recording)]
    ops = times_of(recording)[:-1]
    assert sum(ops) == pytest.approx(sum(expected), rel=0.01)  # our mean holds the first replay
    for ours, theirs in zip(ops, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=0.15, abs=0.0005)


def test_kinds_of_kernels_have_the_shares_that_were_noted() -> None:
    """Of float16 at batch 128: batch norm 32 %, element-wise 32 %, depthwise about 14 %; nothing is of unknown kind."""
    replays = graph_replays(trace("b0-fp16-b128", "graph"))
    kinds: defaultdict[KernelKind, float] = defaultdict(float)
    for kernel, ms in zip(replays[0], mean_durations(replays), strict=True):
        kinds[kind_of(kernel.name)] += ms
    shares = {kind: ms / sum(kinds.values()) for kind, ms in kinds.items()}
    assert KernelKind.OTHER not in shares
    assert shares[KernelKind.NORM] == pytest.approx(0.32, abs=0.015)
    assert shares[KernelKind.ELEMENTWISE] == pytest.approx(0.32, abs=0.015)
    assert shares[KernelKind.DEPTHWISE] == pytest.approx(0.14, abs=0.015)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("void cudnn::ops::nchwToNhwcKernel<float>", KernelKind.LAYOUT),
        ("Memcpy DtoD (Device -> Device)", KernelKind.COPY),
        ("Memset (Device)", KernelKind.COPY),
        ("ncclDevKernel_AllReduce", KernelKind.OTHER),
        ("triton_poi_fused__native_batch_norm_legit_no_training_convolution_silu_3", KernelKind.ELEMENTWISE),
        ("triton_per_fused_mean_mul_8", KernelKind.REDUCTION),
        ("triton_red_fused_native_batch_norm_backward_12", KernelKind.REDUCTION),
        ("triton_tem_fused_convolution_0", KernelKind.CONVOLUTION),
        ("triton_tem_fused__native_batch_norm_addmm_4", KernelKind.PRODUCT),
    ],
)
def test_kinds_that_no_recording_has(name: str, kind: KernelKind) -> None:
    assert kind_of(name) is kind


EAGER = [AssignedKernel(name, op) for name, op in (("conv", 0), ("norm", 1), ("scale", 1), ("relu", 2), ("conv", 3))]


def test_a_replaced_kernel_between_those_of_one_op_belongs_to_it() -> None:
    eager = [*EAGER[:2], AssignedKernel("shift", 1), *EAGER[2:]]
    assert ops_of_replay(eager, ["conv", "norm", "fused_shift", "scale", "relu", "conv"]) == [0, 1, 1, 1, 2, 3]


def test_a_replaced_kernel_between_two_ops_stays_undecided() -> None:
    assert ops_of_replay(EAGER, ["conv", "norm", "scale", "other", "conv"]) == [0, 1, 1, None, 3]


def test_kernels_beyond_the_ends_stay_undecided() -> None:
    names = ["copy", *(kernel.name for kernel in EAGER), "copy"]
    assert ops_of_replay(EAGER, names) == [None, 0, 1, 1, 2, 3, None]


def test_work_that_no_op_launched_is_unassigned() -> None:
    events = [
        {"cat": "user_annotation", "name": "OP0000", "ts": 0, "dur": 10, "args": {}},
        {"cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 5, "dur": 1, "args": {"correlation": 1}},
        {"cat": "cuda_runtime", "name": "cudaMemcpyAsync", "ts": 15, "dur": 1, "args": {"correlation": 2}},
        {"cat": "kernel", "name": "conv", "ts": 20, "dur": 3, "args": {"correlation": 1, "grid": [7, 1, 1]}},
        {"cat": "gpu_memcpy", "name": "Memcpy", "ts": 24, "dur": 2, "args": {"correlation": 2}},
        {"cat": "kernel", "name": "orphan", "ts": 28, "dur": 2, "args": {"correlation": 3}},
        {"cat": "cpu_op", "name": "aten::conv2d", "ts": 1, "dur": 8},
    ]
    read = read_device_trace(events)
    assert read.kernels[0].grid == (7, 1, 1)
    assert [(kernel.name, kernel.op) for kernel in eager_passes(read)[0]] == [
        ("conv", 0),
        ("Memcpy", None),
        ("orphan", None),
    ]
    assert part_times(read.kernels, [0, None, None], 2) == pytest.approx([0.003, 0.0, 0.004])
    assert mean_span([read.kernels]) == pytest.approx(0.010)


def test_intels_calls_launch_kernels_too() -> None:
    events = [
        {"cat": "user_annotation", "name": "OP0000", "ts": 0, "dur": 10},
        {"cat": "xpu_runtime", "name": "urEnqueueKernelLaunch", "ts": 5, "dur": 1, "args": {"correlation": 1}},
        {"cat": "kernel", "name": "gemm_kernel", "ts": 20, "dur": 3, "args": {"correlation": 1}},
    ]
    assert [kernel.op for kernel in eager_passes(read_device_trace(events))[0]] == [0]


def test_a_kernel_on_the_way_back_belongs_to_the_op_that_made_autograds_node() -> None:
    """Op 1 makes node 8; a call that makes none has the number of the next one before; the last one counts."""
    events = [
        {"cat": "user_annotation", "name": "OP0000", "ts": 0, "dur": 10},
        {"cat": "cpu_op", "name": "aten::conv2d", "ts": 1, "dur": 5, "args": {"Sequence number": 7}},
        {"cat": "cpu_op", "name": "aten::add_", "ts": 7, "dur": 1, "args": {"Sequence number": 8}},
        {"cat": "user_annotation", "name": "OP0001", "ts": 10.5, "dur": 9},
        {"cat": "cpu_op", "name": "aten::relu", "ts": 11, "dur": 5, "args": {"Sequence number": 8}},
        {"cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 12, "dur": 1, "args": {"correlation": 1}},
        backward_node("ReluBackward0", 20, 8),
        {"cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 22, "dur": 1, "args": {"correlation": 2}},
        backward_node("torch::autograd::AccumulateGrad", 30, None),
        {"cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 31, "dur": 1, "args": {"correlation": 3}},
        backward_node("ConvolutionBackward0", 40, 7),
        {"cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 42, "dur": 1, "args": {"correlation": 4}},
        *({"cat": "kernel", "name": f"k{n}", "ts": 50 * n, "dur": 3, "args": {"correlation": n}} for n in range(1, 5)),
    ]
    (kernels,) = eager_passes(read_device_trace(events))
    assert [(kernel.op, kernel.backward) for kernel in kernels] == [(1, False), (1, True), (None, False), (0, True)]
    assert [kernel.op for kernel in parts_of_kernels(kernels, ops=2)] == [1, 2, None, 3]


def backward_node(name: str, start: float, number: int | None) -> dict[str, object]:
    arguments = {} if number is None else {"Sequence number": number, "Fwd thread id": 1}
    called = f"autograd::engine::evaluate_function: {name}"
    return {"cat": "cpu_op", "name": called, "ts": start, "dur": 8, "args": arguments}


def test_replays_that_lost_a_kernel_are_no_part() -> None:
    first, second = DeviceKernel("conv", 0.0, 1.0, 1), DeviceKernel("norm", 1.0, 1.0, 1)
    assert alike([[first, second], [first], [first, second]]) == [[first, second], [first, second]]
    assert alike([]) == []


def test_replays_of_different_length_are_refused() -> None:
    kernel = DeviceKernel("conv", 0.0, 1.0, 1)
    with pytest.raises(ValueError, match="shorter"):
        mean_durations([[kernel, kernel], [kernel]])


def test_the_script_names_where_the_time_goes() -> None:
    names = [row["op"] for row in prototype_rows("v2-fp32-b1")]
    lines = report(names, trace("v2-fp32-b1", "eager"), trace("v2-fp32-b1", "graph"), 0.4780)
    assert lines[10].startswith(f"other layers ({len(names) - 10})")
    assert lines[11].startswith("kernels of no layer (0)")
    assert lines[13].split() == ["end", "to", "end,", "not", "traced", "0.4780", "ms", "100.0%"]

"""What is timed in each mode. CUDA is played by a device that records the order of calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.device_times import TimeSource
from mbconv_cli.measure.execution import Dtype, Execution, MemoryFormat, Mode, plan_to_run
from mbconv_cli.pytorch import preparation
from mbconv_cli.pytorch.passes import timed_pass
from mbconv_cli.pytorch.preparation import Prepared, prepare, random_images, translate_unsupported_forms
from tests.fake_device import FakeDevice, use

CPU = torch.device("cpu")
PLAN = open_network("bottleneck-v3-se-last", resolution=32).plan


def prepared(execution: Execution) -> Prepared:
    return prepare(PLAN, plan_costs(plan_to_run(PLAN, execution)), CPU, execution)


def stamps_of(execution: Execution) -> int:
    """How many stamps a stamped pass takes."""
    stamps: list[None] = []
    timed_pass(prepared(execution), CPU, execution).run(lambda: stamps.append(None))
    return len(stamps)


@pytest.mark.parametrize("dtype", list(Dtype))
@pytest.mark.parametrize("memory_format", list(MemoryFormat))
@torch.inference_mode()
def test_weights_and_images_are_in_the_form(dtype: Dtype, memory_format: MemoryFormat) -> None:
    execution = Execution(2, dtype, memory_format)
    made = prepared(execution)
    weight = made.network.get_submodule("stages.0.0.expand.conv").get_parameter("weight")
    images = random_images(PLAN, CPU, execution)
    last = memory_format is MemoryFormat.CHANNELS_LAST
    for tensor in (images, made.network(images)):
        assert tensor.dtype is getattr(torch, dtype.value)
        assert tensor.shape[0] == 2
    assert images.is_contiguous(memory_format=torch.channels_last) is last
    assert weight.dtype is getattr(torch, dtype.value)
    assert made.audit.agrees


def test_every_op_is_stamped_where_there_are_layers() -> None:
    assert stamps_of(Execution()) == len(PLAN.ops)
    assert stamps_of(Execution(fold_norm=True)) == len(plan_to_run(PLAN, Execution(fold_norm=True)).ops)
    assert stamps_of(Execution(batch_size=2, training=True)) == 2 * len(PLAN.ops)


def test_folding_is_checked_and_told() -> None:
    (note,) = prepared(Execution(fold_norm=True)).notes
    assert note.startswith("folding: beside the network with its batch norms, outputs differ by ")


def test_folding_that_changes_the_outputs_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbconv_cli.pytorch.preparation.FOLDING_TOLERANCE", -1.0)
    with pytest.raises(CheckFailedError, match="--fold-norm: outputs differ by"):
        prepared(Execution(fold_norm=True))


def test_folding_is_judged_without_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folded weights are rounded in another way, so that outputs in TF32 differ by more than folding changes them."""
    allowed: list[bool] = []

    def judged(*_: object) -> str:
        allowed.append(torch.backends.cudnn.allow_tf32)
        return "equal"

    monkeypatch.setattr(preparation, "require_equal", judged)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    prepared(Execution(fold_norm=True))
    assert allowed == [False]
    assert torch.backends.cudnn.allow_tf32


def test_training_tells_how_autograd_is_driven() -> None:
    execution = Execution(batch_size=2, training=True)
    made = prepared(execution)
    assert made.network.training
    (note,) = timed_pass(made, CPU, execution).notes
    assert "one graph for each op" in note


def test_a_dtype_without_kernels_is_told_in_one_sentence() -> None:
    with (
        pytest.raises(InputError) as caught,
        translate_unsupported_forms(CPU, Execution(dtype=Dtype.FLOAT16)),
    ):
        raise RuntimeError("\"slow_conv2d_cpu\" not implemented for 'Half'")
    assert str(caught.value) == (
        "cpu cannot run this network in float16: \"slow_conv2d_cpu\" not implemented for 'Half'"
    )


def test_torchs_own_error_for_a_missing_kernel_is_understood() -> None:
    with (
        pytest.raises(InputError, match="cannot run this network in float16"),
        translate_unsupported_forms(CPU, Execution(dtype=Dtype.FLOAT16)),
    ):
        torch.linalg.inv(torch.eye(2, dtype=torch.float16))


@pytest.mark.parametrize("error", [RuntimeError("shapes do not fit"), RuntimeError(), ValueError("not supported")])
def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translate_unsupported_forms(CPU, Execution()):
        raise error
    assert caught.value is error


class FakeCompiler:
    """Stands in for torch.compile: the network itself, or a wrong one."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.asked: list[dict[str, Any]] = []

    def __call__(self, network: Any, **asked: Any) -> Any:
        self.asked.append(asked)
        return lambda images: network(images) * self.factor


@torch.inference_mode()
def test_a_compiled_network_is_stamped_once_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = FakeCompiler()
    monkeypatch.setattr(torch, "compile", compiler)
    assert stamps_of(Execution(mode=Mode.COMPILE)) == 1
    assert compiler.asked == [{"fullgraph": True, "dynamic": False}]


@torch.inference_mode()
def test_the_time_to_compile_and_the_agreement_with_eager_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", FakeCompiler())
    execution = Execution(mode=Mode.COMPILE)
    (note,) = timed_pass(prepared(execution), CPU, execution).notes
    assert note.startswith("mode: torch.compile, which took ")
    assert "measured end to end only" in note
    assert note.endswith("outputs differ by 0.0e+00 of the largest, up to 0.001 counts as equal")


@torch.inference_mode()
def test_a_compiled_network_on_an_accelerator_lists_its_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", FakeCompiler())
    use(FakeDevice(), monkeypatch)
    execution = Execution(mode=Mode.COMPILE)
    timed = timed_pass(prepared(execution), CPU, execution)
    assert timed.on_device is not None
    assert timed.on_device.ops == 1
    assert "--by kernel lists what it launches, by the compiler's names" in timed.notes[0]


@torch.inference_mode()
@pytest.mark.parametrize("factor", [1.01, float("nan")])
def test_a_compiled_network_that_computes_something_else_fails(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    monkeypatch.setattr(torch, "compile", FakeCompiler(factor))
    execution = Execution(mode=Mode.COMPILE)
    with pytest.raises(CheckFailedError, match="--mode compile: outputs differ by"):
        timed_pass(prepared(execution), CPU, execution)


@torch.inference_mode()
def test_a_mode_of_graphs_is_refused_where_there_are_none() -> None:
    execution = Execution(mode=Mode.CUDAGRAPH)
    with pytest.raises(InputError, match="--mode cudagraph: the pass cannot be captured: the device has no graphs"):
        timed_pass(prepared(execution), CPU, execution)


@torch.inference_mode()
def test_a_mode_of_graphs_is_what_is_measured_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    use(FakeDevice(), monkeypatch)
    execution = Execution(mode=Mode.CUDAGRAPH)
    timed = timed_pass(prepared(execution), CPU, execution)
    assert timed.on_device
    assert timed.notes == (
        "mode: device time is that of one CUDA graph in every mode, so --mode cudagraph changes nothing",
    )


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@torch.inference_mode()
def test_a_graph_on_a_real_device() -> None:
    device, execution = torch.device("cuda:0"), Execution(mode=Mode.CUDAGRAPH, batch_size=4)
    made = prepare(PLAN, plan_costs(PLAN), device, execution)
    timed = timed_pass(made, device, execution)
    measured = timed.measure(budget_for(None, 1.0), lambda _: None)
    assert measured.device is not None
    assert measured.device.source is TimeSource.GRAPH
    assert measured.device.unassigned == 0


@pytest.mark.slow
@torch.inference_mode()
def test_torch_compile_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    execution = Execution(mode=Mode.COMPILE)
    (note,) = timed_pass(prepared(execution), CPU, execution).notes  # outputs that differ would fail
    assert "torch.compile" in note
    assert any(tmp_path.iterdir()), "something was compiled"

"""One process of turns, called in this one: a small network, for a moment."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Backend, Execution, plan_to_run
from mbconv_cli.measure.processes.turn_requests import Candidate, TurnRequest
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch import preparation, turn_process
from mbconv_cli.pytorch.turn_process import run
from tests.fake_device import GAP_US, FakeDevice, kernels_of_pass, use

CPU = DeviceChoice("cpu")
NETWORK = open_network("bottleneck-v3-se-last", resolution=16)
FOLDED = Execution(threads=1, fold_norm=True)


def test_each_candidate_has_a_latency_a_reference_and_an_audit() -> None:
    before, shares = torch.get_num_threads(), list[float]()
    candidates = (Candidate(NETWORK.plan, Execution(threads=1)), Candidate(NETWORK.plan, FOLDED))
    turns = run(TurnRequest(candidates, CPU, 0.01), progress=shares.append)
    assert shares == [0.5, 1.0]
    for turn in turns:
        assert turn.latency_ms > 0
        assert turn.passes >= 5
        assert turn.reference_ms is not None
        assert turn.audit is not None
        assert turn.audit.agrees
        assert turn.machine["threads"] == 1
    assert torch.get_num_threads() == before


def test_stamped_passes_give_every_op_a_time() -> None:
    (turn,) = run(TurnRequest((Candidate(NETWORK.plan, FOLDED),), CPU, 0.05, layers=True), progress=lambda _: None)
    assert len(turn.layers_ms) == len(plan_to_run(NETWORK.plan, FOLDED).ops)
    assert all(ms > 0 for ms in turn.layers_ms)


def test_an_interruption_keeps_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    finished: list[Plan] = []

    def prepare(plan: Plan, *arguments: object) -> object:
        if finished:
            raise KeyboardInterrupt
        finished.append(plan)
        return original(plan, *arguments)  # type: ignore[arg-type]  # as they came

    original = preparation.prepare
    monkeypatch.setattr(turn_process, "prepare", prepare)
    candidate = Candidate(NETWORK.plan, Execution(threads=1))
    assert len(run(TurnRequest((candidate, candidate), CPU, 0.01), progress=lambda _: None)) == 1
    with pytest.raises(KeyboardInterrupt):
        run(TurnRequest((candidate,), CPU, 0.01), progress=lambda _: None)


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        (FakeDevice(graphs=False), "operation not permitted when stream is capturing"),
        (FakeDevice(graphs=False, profiler=False), "it shows neither graphs nor kernels"),
    ],
)
def test_networks_are_not_ranked_by_times_of_launching(
    device: FakeDevice, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(device, monkeypatch)
    with pytest.raises(InputError) as caught:
        run(TurnRequest((Candidate(NETWORK.plan, Execution(threads=1)),), CPU, 0.01), progress=lambda _: None)
    assert f"cannot be replayed as a graph ({reason}), and times of launching from Python rank no" in str(caught.value)


def test_networks_on_an_accelerator_take_turns_by_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    use(FakeDevice(), monkeypatch)
    (turn,) = run(TurnRequest((Candidate(NETWORK.plan, FOLDED),), CPU, 0.01), progress=lambda _: None)
    kernels = kernels_of_pass(len(plan_to_run(NETWORK.plan, FOLDED).ops))
    assert turn.latency_ms == pytest.approx(sum(one.us + GAP_US for one in kernels) / 1e3)
    assert turn.machine["device"] == "cuda:0"
    assert turn.launched_ms is not None
    assert turn.launched_ms > turn.latency_ms


def test_a_count_that_is_not_confirmed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_process, "plan_costs", lambda plan: plan_costs(plan)[:-1] + plan_costs(plan)[:1])
    with pytest.raises(CheckFailedError, match="audit"):
        run(TurnRequest((Candidate(NETWORK.plan, Execution(threads=1)),), CPU, 0.01), progress=lambda _: None)


@pytest.mark.slow  # an export takes many seconds; what it gives is tested in onnx/
def test_onnxruntime_runs_the_exported_file(tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason=f"the extra `onnx` is not installed: no {package}")
    from mbconv_cli.pytorch.onnx.model_files import export_models

    path = tmp_path / "a.onnx"
    export_models([(NETWORK.plan, path)], 1, progress=lambda _: None)
    candidate = Candidate(NETWORK.plan, Execution(threads=1, backend=Backend.ONNXRUNTIME), path)
    (turn,) = run(TurnRequest((candidate,), CPU, 0.01), progress=lambda _: None)
    assert turn.latency_ms > 0
    assert turn.machine["onnxruntime"]

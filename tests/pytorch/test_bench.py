"""A Plan on a device: fitted, built, audited and measured, for real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.execution import Execution
from mbconv_cli.pytorch import bench, device_memory
from mbconv_cli.pytorch.bench import run_batches

BRIEF = Budget(precision=1.0, min_seconds=0.0, max_seconds=1.0, min_rounds=2, warm_up_seconds=0.0)
NETWORK = open_network("mobilenet-v3-small", resolution=32)


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def run(device: str = "cpu", *, batch_size: int = 2, threads: int | None = None) -> Bench:
    (found,) = run_batches(
        NETWORK.plan,
        plan_costs(NETWORK.plan),
        device=DeviceChoice(device),
        execution=Execution(threads=threads),
        batch_sizes=(batch_size,),
        budget=BRIEF,
        progress=lambda _: None,
    )
    return found


def test_every_op_is_timed_in_every_stamped_pass() -> None:
    result = run()
    assert result.audit.agrees
    assert len(result.measurement.end_to_end) == len(result.measurement.layers) == 2
    assert all(len(times) == len(NETWORK.plan.ops) for times in result.measurement.layers)
    assert all(time >= 0 for times in result.measurement.layers for time in times)
    assert all(time > 0 for time in result.measurement.end_to_end)
    assert result.machine["device"] == "cpu"


def test_the_threads_asked_for_are_those_used_and_told() -> None:
    assert run(threads=1).machine["threads"] == 1


def test_what_does_not_fit_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_memory, "available_bytes", lambda _: 1_024)
    monkeypatch.setattr(bench, "prepare", None)  # a call would fail
    with pytest.raises(InputError, match=r"needs at least .* but cpu has 1\.0 KiB left"):
        run()


def test_memory_that_runs_out_while_running_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    monkeypatch.setattr(bench, "prepare", prepare)
    with pytest.raises(InputError, match="the memory of cpu ran out"):
        run()


def test_a_device_that_is_not_there_is_told_first() -> None:
    with pytest.raises(InputError, match=r"device .\w+. is not there"):
        run("xpu" if torch.cuda.is_available() else "cuda")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("index", range(max(1, torch.cuda.device_count())))
def test_a_profile_on_every_cuda_device(index: int) -> None:
    request = LatencyRequest(DeviceChoice("cuda", index), Budget(), lambda _: None)
    report = profile(NETWORK, execution=Execution(batch_size=4), latency=request)
    assert report.provenance.machine["device"] == f"cuda:{index}"
    rows = {row["name"]: row["latency_ms"] for row in report.sections["latency"].rows}
    total, layers = rows["end to end"], rows["sum of layers"]
    assert isinstance(total, float)
    assert isinstance(layers, float)
    assert 0 < total < 1_000
    assert 0 < layers < 1_000

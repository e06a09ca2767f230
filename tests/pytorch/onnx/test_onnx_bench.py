"""A Plan exported and run in onnxruntime, for real. An export takes seconds, so there is one run and one more."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.execution import Backend, Execution
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.pytorch import device_memory as memory
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.onnx.node_times import Node
from mbconv_cli.pytorch.onnx.onnx_packages import PACKAGES

if TYPE_CHECKING:
    from mbconv_cli.measure.bench_result import Bench

BRIEF = Budget(precision=1.0, min_seconds=0.0, max_seconds=1.0, min_rounds=3, warm_up_seconds=0.0)
NETWORK = open_network("bottleneck-v3-se-last", resolution=32)  # at its own 300 a pass takes a second
pytestmark = pytest.mark.xdist_group("onnx_bench")
OPS = [op.name for op in NETWORK.plan.ops]


@pytest.fixture(scope="module", autouse=True)
def _packages() -> Iterator[None]:
    for package in PACKAGES:
        pytest.importorskip(package, reason=f"the extra `onnx` is not installed: no {package}")
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def run() -> Bench:
    from mbconv_cli.pytorch.onnx.onnx_bench import run_in_onnxruntime

    execution = Execution(batch_size=2, threads=1, backend=Backend.ONNXRUNTIME)
    (found,) = run_in_onnxruntime(
        NETWORK.plan, plan_costs(NETWORK.plan), execution=execution, budget=BRIEF, progress=lambda _: None
    )
    return found


def export() -> Any:
    import onnx

    from mbconv_cli.pytorch.onnx import onnx_export

    network = build(NETWORK.plan, torch.device("cpu"), inplace=False)
    images = torch.randn(1, *NETWORK.plan.input_shape)
    return onnx.load_from_string(onnx_export.export(network, (images,), OPS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def bench(folder: Path) -> Bench:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        return run()


@pytest.fixture(scope="module")
def exported() -> Any:
    return export()


def test_every_profiled_pass_is_shared_out_over_ops_and_what_is_outside(bench: Bench) -> None:
    assert bench.audit.agrees
    assert len(bench.measurement.end_to_end) == len(bench.measurement.layers) == BRIEF.min_rounds
    assert all(len(times) == len(OPS) + len(bench.outside) for times in bench.measurement.layers)
    assert all(time >= 0 for times in bench.measurement.layers for time in times)
    assert all(math.fsum(times) > 0 for times in bench.measurement.layers)
    assert bench.machine["threads"] == 1


def test_the_profile_is_removed(bench: Bench, folder: Path) -> None:
    assert bench.measurement.layers
    assert list(folder.glob("mbconv-*")) == []


def test_every_block_has_time_of_its_own(bench: Bench) -> None:
    times = bench.measurement.layers[0]
    timed = {op.block for op, time in zip(NETWORK.plan.ops, times, strict=False) if time > 0}
    assert timed == {block.name for block in NETWORK.plan.blocks}


def test_nodes_and_values_are_named_after_the_ops(exported: Any) -> None:
    nodes = [node.name.partition("/")[0] for node in exported.graph.node]
    assert set(nodes) <= set(OPS)
    assert {op.name for op in NETWORK.plan.ops if op.role == "depthwise"} & set(nodes)
    outputs = {output.name for output in exported.graph.output}
    values = {value for node in exported.graph.node for value in node.output} - outputs
    assert {value.partition("/")[0] for value in values} <= set(OPS)


def test_an_exported_network_is_valid(exported: Any) -> None:
    import onnx

    onnx.checker.check_model(exported, full_check=True)


@pytest.mark.parametrize("output", [torch.zeros(1, 4), torch.full((1, 4), torch.nan)], ids=["other", "nan"])
def test_outputs_that_differ_fail_the_run(output: torch.Tensor) -> None:
    from mbconv_cli.pytorch.onnx.onnx_bench import _require_equal

    with pytest.raises(CheckFailedError, match="onnxruntime's output differs from torch's by"):
        _require_equal(output.numpy(), torch.ones(1, 4))


def test_passes_before_the_sampling_and_those_that_the_profile_lacks_are_left_out() -> None:
    from mbconv_cli.pytorch.onnx.onnx_bench import _share_out

    measurement = Measurement(layers=[[1.0], [2.0], [3.0]], warm_up=2)
    profile = [[Node(f"{OPS[0]}/0", "Conv", time)] for time in (9.0, 9.0, 0.5, 1.5)]
    _share_out(measurement, profile, OPS)
    assert [times[0] for times in measurement.layers] == [0.5, 1.5]
    assert [math.fsum(times) for times in measurement.layers] == [1.0, 2.0]


def test_copies_of_the_weights_count_as_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: 1_024)
    with pytest.raises(InputError, match=r"needs at least .* but cpu has 1\.0 KiB left"):
        run()


def test_more_weights_than_a_file_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from mbconv_cli.pytorch.onnx import onnx_export

    monkeypatch.setattr(onnx_export, "LARGEST_MODEL", 1_000)
    with pytest.raises(InputError, match="an ONNX file holds 2 GiB"):
        export()

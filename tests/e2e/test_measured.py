"""What is measured, as a program reads it; no figure is compared with a clock."""

from __future__ import annotations

import json
import math
import subprocess
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest

from mbconv_cli.measure.budget import LEAST_PROCESSES
from mbconv_cli.measure.execution import Execution
from mbconv_cli.pytorch.onnx.onnx_packages import PACKAGES
from tests.e2e.conftest import MODULE, Environment, Run

COSTS = ("params", "macs", "flops", "bytes")
YAML = "input: {channels: 3, resolution: 32}\nblocks:\n  - {kernel_size: 3, expand_ratio: 6, output_filters: 16}\n"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory, environment: Environment) -> dict[str, Any]:
    done = subprocess.run(
        [*MODULE, "profile", "mobilenet-v3-small", "--device", "cpu", "--max-time", "4", "--format", "json"],
        capture_output=True,
        encoding="utf-8",
        env=environment({}),
        cwd=tmp_path_factory.mktemp("measured"),
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_the_document_is_the_one_that_others_build_on(document: dict[str, Any]) -> None:
    assert document["schema"] == "mbconv.report/1"
    assert document["kind"] == "profile"
    assert document["subject"]["name"] == "mobilenet-v3-small"
    assert document["subject"]["input_shape"] == [1, 3, 224, 224]
    assert {"mbconv", "spec_sha256", "convention", "machine"} <= document["provenance"].keys()
    assert document["provenance"]["machine"]["device"] == "cpu"
    layers = document["sections"]["layers"]
    kinds = {column["key"]: column["kind"] for column in layers["columns"]}
    assert {kinds[key] for key in COSTS} == {"exact"}
    assert {kind for key, kind in kinds.items() if key.startswith("latency")} == {"measured"}
    for row in layers["rows"]:
        assert row.keys() == kinds.keys()


def test_totals_are_the_sums_over_the_layers(document: dict[str, Any]) -> None:
    rows = document["sections"]["layers"]["rows"]
    assert {key: sum(row[key] for row in rows) for key in COSTS} == {key: document["totals"][key] for key in COSTS}


def test_the_layers_times_add_up_to_the_sum_of_layers(document: dict[str, Any]) -> None:
    rows = document["sections"]["layers"]["rows"]
    latency = {row["name"]: row for row in document["sections"]["latency"]["rows"]}
    whole = math.fsum(row["latency_ms"] for row in rows)
    assert whole == pytest.approx(latency["sum of layers"]["latency_ms"], rel=1e-9)
    assert math.fsum(row["latency_share"] for row in rows) == pytest.approx(1)
    difference = latency["end to end"]["latency_ms"] - whole
    assert latency["difference"]["latency_ms"] == pytest.approx(difference, abs=1e-9)
    if document["measurement"]["usable"]:
        assert document["totals"]["latency_ms"] == latency["end to end, at quiet speed"]["latency_ms"]
    else:
        assert "latency_ms" not in document["totals"]
        assert document["notes"][0].startswith("no usable result: ")


def test_every_time_lies_in_its_interval(document: dict[str, Any]) -> None:
    for row in document["sections"]["layers"]["rows"]:
        assert row["latency_ms_low"] <= row["latency_ms"] <= row["latency_ms_high"]


def test_the_samples_are_those_of_the_processes(document: dict[str, Any]) -> None:
    samples, processes = (document["samples"][key] for key in ("latency_ms", "process_latency_ms"))
    assert len(samples) == document["totals"]["latency_samples"] == document["measurement"]["rounds"]
    measurement = document["measurement"]
    assert len(processes) == measurement["processes"]
    assert measurement["processes"] + measurement["processes_left_out"] >= LEAST_PROCESSES
    latency = {row["name"]: row["latency_ms"] for row in document["sections"]["latency"]["rows"]}
    assert latency["end to end"] == pytest.approx(fmean(processes))
    assert len(document["samples"]["process_reference_ms"]) == len(processes)
    assert len(document["samples"]["reference_1_ms"]) == document["measurement"]["reference_samples"]
    assert min(samples) <= min(processes) <= max(processes) <= max(samples)
    assert document["measurement"]["complete"] is True


def test_one_process_is_this_one(mbconv_in_process: Run, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML, encoding="utf-8")
    options = ("--device", "cpu", "--processes", "1", "--max-time", "0.5", "--format", "json")
    document = json.loads(mbconv_in_process("profile", "tiny.yaml", *options).stdout)
    assert document["measurement"]["processes"] == 1
    references = {"reference_1_ms", "process_reference_ms"}
    assert document["samples"].keys() == {"latency_ms"} | references
    latency = {row["name"]: row["latency_ms"] for row in document["sections"]["latency"]["rows"]}
    assert latency["end to end"] == median(document["samples"]["latency_ms"])


def test_a_finer_precision_and_a_bound_are_kept(mbconv_in_process: Run, tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(YAML, encoding="utf-8")
    arguments = ["profile", "tiny.yaml", "--device", "cpu", "--format", "json"]
    bound = ("--precision", "0.0001%", "--max-time", "1.5")
    document = json.loads(mbconv_in_process(*arguments, *bound, "--processes", "2").stdout)
    measurement = document["measurement"]
    assert measurement["processes"] == 2
    assert measurement["precision_asked"] == pytest.approx(1e-6)
    assert measurement["precision"] > 1e-6
    assert measurement["seconds"] >= 1.5, "it was not reached, so the bound ended it"
    assert any("where 0.0001 % was asked for" in note for note in document["notes"])


def test_a_device_that_is_not_there(mbconv_in_process: Run) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    done = mbconv_in_process("profile", "mobilenet-v2", "--device", "cuda", "--processes", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mbconv: device 'cuda' is not there: ")
    assert "cpu" in done.stderr.split("available: ")[1]
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_no_compiler_for_the_compile_mode(mbconv: Run, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(YAML)
    done = mbconv(
        *("profile", "net.yaml", "--device", "cpu", "--mode", "compile"),
        CXX="/nowhere/c++",
        TORCHINDUCTOR_CACHE_DIR=str(tmp_path / "cache"),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "--mode compile: torch.compile cannot compile here: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "options",
    [(), ("--pass", "train"), ("--fold-norm",), ("--allocator", "system")],
)
def test_several_batch_sizes_in_a_form(mbconv_in_process: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "net.yaml").write_text(YAML)
    processes = "2" if "system" in options else "1"  # where memory was kept once, there is no way back
    arguments = ("profile", "net.yaml", "--device", "cpu", "--by", "role", "--format", "json", *options)
    bounds = ("--processes", processes, "--threads", "1", "--max-time", "1")
    done = mbconv_in_process(*arguments, "--batch-size", "1,3", *bounds)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    batches = document["sections"]["batch_sizes"]["rows"]
    assert [row["batch_size"] for row in batches] == [1, 3]
    roles = document["sections"]["roles"]["rows"]
    assert [row["name"] for row in roles] == ["expand", "depthwise", "project", "norm and activation"]
    sums = {
        row["batch_size"]: row["latency_ms"]
        for row in document["sections"]["latency"]["rows"]
        if row["name"] == "sum of layers"
    }
    assert document["measurement"]["usable"] is all("latency_ms" in row for row in batches)
    for row in batches:
        size = row["batch_size"]
        if "latency_ms" in row:  # else the machine was too noisy for a usable result, and the first note says so
            assert row["latency_ms_per_image"] == pytest.approx(row["latency_ms"] / size)
            assert row["images_per_second"] == pytest.approx(1_000 * size / row["latency_ms"])
        assert math.fsum(role[f"latency_ms_batch_{size}"] for role in roles) == pytest.approx(sums[size], rel=1e-9)
    assert document["provenance"]["settings"]["pass"] == ("train" if "train" in options else "forward")
    assert document["provenance"]["settings"]["allocator"] == (
        "system" if "system" in options else Execution().memory.value
    )


def test_more_memory_than_there_is(mbconv_in_process: Run) -> None:
    images = ("--batch-size", "1000000")
    done = mbconv_in_process("profile", "efficientnet-b7", "--device", "cpu", *images, "--processes", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "take a smaller --batch-size" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_place_that_cannot_be_written_is_told_before_measuring(mbconv_in_process: Run, tmp_path: Path) -> None:
    done = mbconv_in_process("profile", "mobilenet-v2", "--device", "cpu", "-o", "missing/report.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing/report.json: not written: No such file or directory" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(any(find_spec(name) is None for name in PACKAGES), reason="the extra `onnx` is not installed")
def test_the_times_of_onnxruntime_add_up_too(mbconv: Run, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(YAML)
    done = mbconv("profile", "net.yaml", "--backend", "onnxruntime", "--max-time", "1", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    rows = {row["name"]: row["latency_ms"] for row in document["sections"]["blocks"]["rows"]}
    assert rows.keys() == {"stages.0.0", "nodes that onnxruntime inserted", "between the nodes"}
    latency = {row["name"]: row["latency_ms"] for row in document["sections"]["latency"]["rows"]}
    assert math.fsum(rows.values()) == pytest.approx(latency["sum of layers"], rel=1e-9)
    assert median(document["samples"]["latency_ms"]) == latency["end to end"]
    assert list(tmp_path.iterdir()) == [tmp_path / "net.yaml"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--by", "layer"), "it fuses layers; take --by block, stage or role"),
        (("--batch-size", "1,2"), "an export is for one of them"),
        (("--dtype", "float16"), "most of its kernels for the CPU want float32"),
        (("--roofline",), "--roofline changes nothing with --backend onnxruntime"),
        (("--no-latency",), "--backend changes nothing with --no-latency"),
    ],
)
def test_what_onnxruntime_cannot_do_is_refused(mbconv_in_process: Run, options: tuple[str, ...], reason: str) -> None:
    done = mbconv_in_process("profile", "mobilenet-v2", "--backend", "onnxruntime", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr

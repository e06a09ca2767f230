"""Sweeps on the machines of a cluster: a made-up one of two machines, and a real one of two workers on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Lock
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from mbconv_cli import __version__
from mbconv_cli.analysis.sweep.cluster import WorkerFacts, cluster_machines, connected, machines_of, worker_facts
from mbconv_cli.analysis.sweep.evaluation import SweepJob, evaluate_chunk
from mbconv_cli.analysis.sweep.measured_on_cluster import ClusterPlan, measured_on_cluster
from mbconv_cli.analysis.sweep.row_files import decoded_rows
from mbconv_cli.analysis.sweep.schedulers import chunks_on_cluster
from mbconv_cli.analysis.sweep.sweep import Wanted
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.processes.turn_requests import Turn, TurnRequest
from mbconv_cli.measure.processes.worker_process import WorkerProcess, call_here, on_worker
from mbconv_cli.report.model import Cell, Report
from mbconv_cli.spec.catalogue import Catalogue
from mbconv_cli.spec.space import varied_network

OF_TORCH: dict[str, Cell] = {"torch": "2.6", "device": "cpu", "device_name": "a CPU"}
WANTED = Wanted(("latency_ms", "params"), "latency_ms")
ADDRESS = "tcp://10.0.0.1:8786"


def facts(system: str, host: str, cpu: str = "A", threads: int = 1, version: str = __version__) -> WorkerFacts:
    return WorkerFacts(version, system, host, host_fingerprint() | {"cpu": cpu}, threads)


WORKERS = {
    "tcp://b:1": facts("system b", "beta", cpu="B", threads=3),
    "tcp://a:2": facts("system a", "alpha"),
    "tcp://a:1": facts("system a", "alpha"),
}


class MadeUpCluster:
    """Two workers on a fast machine, and one on a slow machine; how many processes a machine runs at a time is counted.

    Args:
        broken: what a call raises.
    """

    def __init__(self, broken: Exception | None = None) -> None:
        self.calls: list[str] = []
        self.broken = broken
        self._running = Counter[str]()
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, function: Any, *_: Any, on_error: str) -> dict[str, Any]:
        assert (function, on_error) == (worker_facts, "return")
        return dict(WORKERS)

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        assert n_workers == -1
        return {"workers": WORKERS}

    def submit(self, function: Any, _: str, positional: Any, __: Any, *, workers: list[str], **others: Any) -> Any:
        assert function is call_here
        assert others == {"allow_other_workers": False, "pure": False}
        (worker,) = workers
        with self._lock:
            self.calls.append(worker)
            self._running[worker[:7]] += 1
            assert self._running[worker[:7]] == 1, "two processes of one machine at a time"

        def result(timeout: float) -> tuple[Turn, ...]:
            assert timeout > 0
            with self._lock:
                self._running[worker[:7]] -= 1
            if self.broken:
                raise self.broken
            request: TurnRequest = positional[0]
            return tuple(turn(one.plan, one.execution.threads, worker) for one in request.candidates)

        return SimpleNamespace(result=result, cancel=lambda: None)


def turn(plan: Any, threads: int | None, worker: str) -> Turn:
    milliseconds = total(plan_costs(plan)).macs / 1e7 * (2 if worker.startswith("tcp://b") else 1)
    return Turn(milliseconds, 9, OF_TORCH | {"threads": threads})


def job() -> SweepJob:
    return SweepJob(varied_network("mobilenet-v3-small", ["scaling.width=0.75,1.0"], [], Catalogue()))


def swept(client: Any, monkeypatch: pytest.MonkeyPatch, resume: Path | None = None) -> Report:
    monkeypatch.setattr("mbconv_cli.analysis.sweep.measured_on_cluster.connected", lambda _: client)
    plan = ClusterPlan(ADDRESS, DeviceChoice("cpu"), 2, resume, lambda _: lambda _: None)
    rows = list(decoded_rows(evaluate_chunk(job(), 0, 2).rows))
    return measured_on_cluster(job(), rows, WANTED, Execution(), plan)


def test_one_worker_of_each_machine_measures() -> None:
    assert [(one.name, one.worker) for one in machines_of(WORKERS)] == [("alpha", "tcp://a:1"), ("beta", "tcp://b:1")]


def test_machines_of_one_name_are_numbered() -> None:
    names = [one.name for one in machines_of({"tcp://1": facts("x", "node"), "tcp://2": facts("y", "node")})]
    assert names == ["node", "node-2"]


def test_every_machine_has_tables_ranks_and_a_fingerprint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    client = MadeUpCluster()
    report = swept(client, monkeypatch)
    assert list(report.sections) == [
        "front on alpha", "points on alpha", "front on beta", "points on beta", "machines",
    ]  # fmt: skip
    alpha, beta = (report.sections[f"points on {name}"].rows for name in ("alpha", "beta"))
    assert [(row["machine"], row["scaling.width"], row["rank"]) for row in beta] == [
        ("beta", 0.75, "1"),
        ("beta", 1.0, "2"),
    ]
    assert [float(str(b["latency_ms"])) / float(str(a["latency_ms"])) for a, b in zip(alpha, beta, strict=True)] == [
        pytest.approx(2.0)
    ] * 2
    assert [(row["machine"], row["cpu"], row["threads"]) for row in report.sections["machines"].rows] == [
        ("alpha", "A", 1),
        ("beta", "B", 3),
    ]
    assert report.provenance.machine == {}  # figures of two machines are comparable with nothing
    assert report.measurement == {"complete": True, "usable": True, "turns": 8}
    assert {f"device: cpu (a CPU), {threads}, torch 2.6" for threads in ("1 thread", "3 threads")} == {
        note.partition(": ")[2] for note in report.notes if "device: " in note
    }
    assert set(client.calls) == {"tcp://a:1", "tcp://b:1"}


def test_each_machine_resumes_from_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = swept(MadeUpCluster(), monkeypatch, tmp_path / "turns.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["turns-alpha.jsonl", "turns-beta.jsonl"]
    client = MadeUpCluster()
    assert swept(client, monkeypatch, tmp_path / "turns.jsonl").sections == first.sections
    assert client.calls == []
    (tmp_path / "turns-alpha.jsonl").replace(tmp_path / "turns-beta.jsonl")
    with pytest.raises(InputError, match="latencies of two machines are not compared"):
        swept(client, monkeypatch, tmp_path / "turns.jsonl")


@pytest.mark.parametrize("kind", [InputError, CheckFailedError])
def test_what_a_worker_cannot_do_names_its_machine(kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(kind, match=r"^(alpha|beta): no device"):
        swept(MadeUpCluster(kind("no device")), monkeypatch)


def test_a_worker_that_is_gone_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client = MadeUpCluster(TimeoutError())
    monkeypatch.setattr(client, "scheduler_info", lambda n_workers: {"workers": {}})  # noqa: ARG005 - dask's name
    with pytest.raises(InputError, match=r"its worker tcp://\w:1 is gone"):
        swept(client, monkeypatch)


def test_nobody_waits_once_it_is_stopped() -> None:
    stopped = Event()
    stopped.set()
    with on_worker(MadeUpCluster(TimeoutError()), "tcp://a:1", "alpha", stopped)("any:function") as process:
        assert isinstance(process, WorkerProcess)
        with pytest.raises(KeyboardInterrupt):
            process.call(cast("TurnRequest", None), progress=lambda _: None)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({}, "--scheduler tcp://10.0.0.1:8786: has no workers; start some with `dask worker tcp://10.0.0.1:8786`"),
        ({"tcp://a:1": ModuleNotFoundError("No module named 'mbconv_cli'")}, "worker tcp://a:1 cannot load mbconv"),
        ({"tcp://a:1": facts("a", "alpha", version="0.0.1")}, "worker tcp://a:1 has mbconv 0.0.1, and here it is"),
    ],
)
def test_a_cluster_that_cannot_help_is_refused(answers: dict[str, Any], sentence: str) -> None:
    client = SimpleNamespace(run=lambda *_, **__: answers)
    with pytest.raises(InputError) as caught:
        cluster_machines(client, ADDRESS)
    assert sentence in str(caught.value)


def test_a_scheduler_that_is_not_there_is_named() -> None:
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    with pytest.raises(InputError, match=r"--scheduler nothing: no scheduler answers .*`dask scheduler`"):
        connected("nothing")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers, each a process of its own, started as the documentation says."""
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    worker = ["worker", *common, "--nthreads", "2", "--host", "127.0.0.1", "--local-directory", str(folder)]
    commands = (["scheduler", *common, "--port", "0", "--host", "127.0.0.1"], worker, worker)
    with ExitStack() as stack:
        for command, *options in commands:
            program = [sys.executable, "-m", f"distributed.cli.dask_{command}", *options]
            process = stack.enter_context(subprocess.Popen(program, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address: str = json.loads(file.read_text(encoding="utf-8"))["address"]
        with distributed.Client(address, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
        yield address


def test_a_real_cluster_gives_the_rows_of_one_process(cluster: str) -> None:
    space = varied_network("mobilenet-v2", ["scaling.width=0.5:1.5:0.002"], [], Catalogue())
    every = SweepJob(space)
    chunks = list(chunks_on_cluster(every, 0, cluster))
    assert [(chunk.start, chunk.stop) for chunk in chunks] == [(0, 500), (500, 1000)]
    assert [row for chunk in chunks for row in chunk.rows] == evaluate_chunk(every, 0, 501).rows


def test_two_workers_of_this_machine_measure_one_process_at_a_time(cluster: str) -> None:
    import distributed

    connect: Any = distributed.Client  # without types
    points = SweepJob(
        varied_network("mobilenet-v3-small", ["scaling.width=0.5,1.0"], ["scaling.resolution=64"], Catalogue())
    )
    rows = list(decoded_rows(evaluate_chunk(points, 0, 2).rows))
    plan = ClusterPlan(cluster, DeviceChoice("cpu"), 2, None, lambda _: lambda _: None)
    with connect(cluster) as client, distributed.get_task_stream(client) as stream:
        report = measured_on_cluster(points, rows, WANTED, Execution(threads=1), plan)
    measured = [one for one in stream.data if one["key"].startswith(call_here.__name__)]
    assert len(measured) == 2
    assert len({one["worker"] for one in measured}) == 1
    (machine,) = report.sections["machines"].rows
    assert {key: machine[key] for key in ("cpu", "cores")} == {key: host_fingerprint()[key] for key in ("cpu", "cores")}
    assert report.measurement["complete"] is True
    assert len(report.sections[f"points on {machine['machine']}"].rows) == 2
    assert all(float(str(row["latency_ms"])) > 0 for row in report.sections[f"points on {machine['machine']}"].rows)
    assert report.provenance.machine["torch"]

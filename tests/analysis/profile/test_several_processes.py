"""A profile of several processes: every figure is a mean of theirs, and its interval is across them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import pytest

from mbconv_cli.analysis.grouping import OF_OPS, By
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.batch_sizes import profile_batches
from mbconv_cli.analysis.profile.benches import LatencyRequest, usual_processes
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import HostTimes
from mbconv_cli.measure.execution import Backend, Execution, Mode
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.processes.pooling import pooled
from mbconv_cli.measure.statistics.estimates import process_mean
from mbconv_cli.report.model import Cell, Report, Row

PACES = (1.0, 1.02, 0.97, 1.05)
JITTER = (1.0, 1.01, 0.99, 1.0, 1.3, 1.0, 0.98, 1.0)


@pytest.fixture(scope="module")
def network() -> OpenNetwork:
    return open_network("mobilenet-v3-small", resolution=64)


@pytest.fixture
def repeated(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `repeat` was asked for; it finds what `bench` made up, for each batch size."""
    asked: list[dict[str, Any]] = []

    def repeat(
        function: str, arguments: dict[str, Any], budget: Budget, processes: int | None, _: object
    ) -> tuple[Bench, ...]:
        asked.append({"function": function, "budget": budget, "processes": processes} | arguments)
        sizes: Sequence[int] = arguments.get("batch_sizes", (1,))
        return tuple(bench(len(arguments["plan"].ops), size, arguments["costs"]) for size in sizes)

    monkeypatch.setattr("mbconv_cli.measure.processes.repetition.repeat", repeat)
    return asked


def bench(ops: int, batch_size: int, costs: Sequence[Any]) -> Bench:
    """The k-th op takes k microseconds an image, times the pace of its process; the plain pass as long as all."""
    cost = total(costs)
    machine: dict[str, Cell] = {"torch": "2.6", "threads": 2, "device": "cpu", "device_name": "a CPU"}
    return Bench(
        Audit(ops, cost.macs, cost.params, cost.params, (), ()),
        pooled([measurement(ops, batch_size * pace) for pace in PACES]),
        machine,
    )


def measurement(ops: int, pace: float) -> Measurement:
    layers = [[jitter * pace * (op + 1) / 1_000 for op in range(ops)] for jitter in JITTER]
    return Measurement([math.fsum(times) for times in layers], layers, warm_up=2, steady=True, seconds=0.5)


def request(processes: int | None = None) -> LatencyRequest:
    return LatencyRequest(DeviceChoice("cpu"), Budget(), lambda _: None, processes)


def number(row: Row, key: str = "latency_ms") -> float:
    value = row[key]
    assert isinstance(value, int | float)
    return value


def latency_rows(report: Report) -> dict[object, Row]:
    return {row["name"]: row for row in report.sections["latency"].rows}


@pytest.mark.usefixtures("repeated")
@pytest.mark.parametrize("by", OF_OPS)
def test_rows_add_up_to_the_sum_of_layers(network: OpenNetwork, by: By) -> None:
    report = profile(network, view=View(by), latency=request())
    rows = latency_rows(report)
    whole = math.fsum(number(row) for row in report.sections[by.section].rows)
    assert whole == pytest.approx(number(rows["sum of layers"]))
    difference = number(rows["end to end"]) - number(rows["sum of layers"])
    assert number(rows["difference"]) == pytest.approx(difference, abs=1e-12)


@pytest.mark.usefixtures("repeated")
def test_end_to_end_is_the_mean_of_medians_with_an_interval_across_processes(network: OpenNetwork) -> None:
    report = profile(network, latency=request())
    ops = len(network.plan.ops)
    medians = [pace * ops * (ops + 1) / 2 / 1_000 for pace in PACES]
    expected = process_mean(medians)
    figures = [report.totals[key] for key in ("latency_ms", "latency_ms_low", "latency_ms_high")]
    assert figures == pytest.approx([expected.value, expected.low, expected.high])
    assert report.samples["process_latency_ms"] == pytest.approx(medians)
    assert len(report.samples["latency_ms"]) == report.totals["latency_samples"] == len(PACES) * len(JITTER)
    assert report.measurement["processes"] == len(PACES)
    assert report.measurement["precision"] == pytest.approx(expected.precision)


@pytest.mark.usefixtures("repeated")
def test_a_layer_is_the_mean_of_midmeans_with_an_interval_across_processes(network: OpenNetwork) -> None:
    report = profile(network, view=View(By.LAYER), latency=request())
    third = report.sections["layers"].rows[2]
    midmean = 3 / 1_000
    expected = process_mean([pace * midmean for pace in PACES])
    found = [number(third, key) for key in ("latency_ms", "latency_ms_low", "latency_ms_high")]
    assert found == pytest.approx([expected.value, expected.low, expected.high])


@pytest.mark.usefixtures("repeated")
def test_what_the_stamps_cost_is_told_of_means_too(network: OpenNetwork) -> None:
    assert number(latency_rows(profile(network, latency=request()))["slowdown by the stamps"]) == pytest.approx(0)


@pytest.mark.usefixtures("repeated")
def test_notes_say_that_there_were_several(network: OpenNetwork) -> None:
    report = profile(network, latency=request())
    (samples,) = [note for note in report.notes if note.startswith("samples: ")]
    assert "32 plain and 32 stamped passes in turn in 4 fresh processes, after 8 of each to warm up, 2.0 s" in samples
    assert "the mean of the processes' medians, with 95 % confidence within 5.3 % across processes" in samples
    (warning,) = [note for note in report.notes if note.startswith("warning: ")]
    assert (
        warning == "warning: the processes differ: end to end is known to 5.3 % only; more --processes tell it better"
    )


def test_each_batch_size_has_samples_and_processes_of_its_own(
    network: OpenNetwork, repeated: list[dict[str, Any]]
) -> None:
    report = profile_batches(network, (1, 8), execution=Execution(), latency=request())
    assert repeated[0]["batch_sizes"] == (1, 8)
    one, eight = (report.samples[f"process_latency_ms_batch_{size}"] for size in (1, 8))
    assert eight == pytest.approx([8 * figure for figure in one])
    rows = report.sections["batch_sizes"].rows
    assert [number(row) for row in rows] == pytest.approx([fmean(one), fmean(eight)])


def test_what_a_device_showed_the_host_is_a_mean_too(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    def repeat(_: object, arguments: dict[str, Any], *__: object) -> tuple[Bench]:
        made = bench(len(arguments["plan"].ops), 1, arguments["costs"])
        seen = [
            replace(one, host=[HostTimes(pace, 2 * pace)] * len(JITTER))
            for one, pace in zip(made.measurement.processes, PACES, strict=True)
        ]
        return (replace(made, measurement=pooled(seen)),)

    monkeypatch.setattr("mbconv_cli.measure.processes.repetition.repeat", repeat)
    rows = latency_rows(profile(network, latency=request()))
    assert number(rows["wall time, by the host"]) == pytest.approx(2 * fmean(PACES))
    assert number(rows["enqueuing, by the host"], "latency_ms_low") == pytest.approx(process_mean(PACES).low)


@pytest.mark.parametrize("processes", [None, 2, 9])
def test_what_is_asked_of_the_processes(
    network: OpenNetwork, repeated: list[dict[str, Any]], processes: int | None
) -> None:
    execution = Execution(batch_size=3, threads=1)
    profile(network, execution=execution, latency=request(processes))
    assert repeated == [
        {
            "function": "mbconv_cli.pytorch.bench:run_batches",
            "budget": Budget(),
            "processes": processes,
            "plan": network.plan,
            "costs": plan_costs(network.plan),
            "execution": execution,
            "batch_sizes": (3,),
            "device": DeviceChoice("cpu"),
        }
    ]


def test_a_count_that_is_not_confirmed_is_refused(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    def repeat(_: object, arguments: dict[str, Any], *__: object) -> tuple[Bench]:
        made = bench(len(arguments["plan"].ops), 1, arguments["costs"])
        return (replace(made, audit=replace(made.audit, params=0)),)

    monkeypatch.setattr("mbconv_cli.measure.processes.repetition.repeat", repeat)
    with pytest.raises(CheckFailedError, match="params"):
        profile(network, latency=request())


@pytest.mark.parametrize(
    ("execution", "processes"),
    [
        (Execution(), None),
        (Execution(training=True), None),
        (Execution(mode=Mode.CUDAGRAPH), None),
        (Execution(mode=Mode.COMPILE), 1),
        (Execution(backend=Backend.ONNXRUNTIME), 1),
    ],
)
def test_one_process_where_preparing_takes_longer_than_measuring(execution: Execution, processes: int | None) -> None:
    assert usual_processes(execution) == processes


def test_a_disturbed_process_is_shown_and_the_layers_still_add_up(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def repeat(
        _function: str, arguments: dict[str, Any], _budget: Budget, _processes: int | None, _progress: object
    ) -> tuple[Bench, ...]:
        ops = len(arguments["plan"].ops)
        paces = (1.0, 2.1, 1.02, 0.98, 2.1)
        usual = bench(ops, 1, arguments["costs"])
        return (replace(usual, measurement=pooled([measurement(ops, pace) for pace in paces])),)

    monkeypatch.setattr("mbconv_cli.measure.processes.repetition.repeat", repeat)
    report = profile(network, latency=request())
    assert "warning: 2 of 5 processes ran 2.1x slower than the others and were left out" in report.notes
    assert report.measurement["processes_left_out"] == 2
    assert len(report.samples["left_out_process_latency_ms"]) == 2
    assert len(report.samples["left_out_latency_ms"]) == 2 * len(JITTER)
    whole = math.fsum(number(row) for row in report.sections["layers"].rows)
    assert whole == pytest.approx(number(latency_rows(report)["sum of layers"]))

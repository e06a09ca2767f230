"""Sweeps with a latency for each point: predicted from a table, or measured by processes that a test makes up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.prediction.table_build import build_table
from mbconv_cli.analysis.prediction.table_file import LatencyTable
from mbconv_cli.analysis.sweep.constraints import UNITS, parse_conditions
from mbconv_cli.analysis.sweep.drawn_networks import drawn_networks
from mbconv_cli.analysis.sweep.evaluation import Evaluator, SweepJob, evaluate_chunk
from mbconv_cli.analysis.sweep.measured_sweep import measured_sweep
from mbconv_cli.analysis.sweep.row_files import decoded_rows
from mbconv_cli.analysis.sweep.sweep import Findings, Wanted, sweep_report
from mbconv_cli.analysis.turns.kept_turns import KeptTurns
from mbconv_cli.analysis.turns.turn_measuring import TurnPlan, Turns
from mbconv_cli.cost.counts import cost_of
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Execution, plan_to_run
from mbconv_cli.measure.processes.launch import FreshProcess
from mbconv_cli.measure.processes.turn_requests import Turn, TurnRequest
from mbconv_cli.plan.ops import Op
from mbconv_cli.quantities import MILLISECOND_UNITS
from mbconv_cli.report.model import Cell
from mbconv_cli.spec.catalogue import Catalogue
from mbconv_cli.spec.space import Space, varied_network

MACHINE: dict[str, Cell] = {"torch": "2.6", "threads": 1, "device": "cpu", "device_name": "a CPU"}
PREDICTED_UNITS = {**UNITS, "predicted_ms": MILLISECOND_UNITS}
CPU = DeviceChoice("cpu")


def space() -> Space:
    return varied_network("mobilenet-v3-small", ["scaling.width=0.75,1.0,8"], [], Catalogue())


def true_ms(op: Op) -> float:
    return 0.004 + cost_of(op).macs / 4e7 + cost_of(op).activations / 1e7


def made_up_table(*, fold_norm: bool) -> LatencyTable:
    names = ("mobilenet-v3-small", "mobilenet-v3-small-0.75", "mobilenet-v3-large", "mobilenet-v2", "tinynet-e")
    networks, form = [open_network(name) for name in names], Execution(threads=1, fold_norm=fold_norm)
    turns: dict[tuple[int, int], Turn] = {}
    for index, network in enumerate(networks):
        layers = tuple(map(true_ms, plan_to_run(network.plan, form).ops))
        turns |= {(index, process): Turn(sum(layers), 9, MACHINE, layers_ms=layers) for process in range(2)}
    return build_table(networks, form, Turns(turns))[0]


@pytest.mark.parametrize("fold_norm", [False, True])
def test_a_point_has_the_sum_of_its_ops(fold_norm: bool) -> None:
    table = made_up_table(fold_norm=fold_norm)
    job = SweepJob(space(), table=table)
    small, usual, wide = decoded_rows(evaluate_chunk(job, 0, 3).rows)
    plan = plan_to_run(open_network("mobilenet-v3-small").plan, table.execution)
    assert usual["predicted_ms"] == pytest.approx(table.predictor().latency(plan.ops).value)
    assert small["predicted_ms"] < usual["predicted_ms"]
    assert "the most that was measured" in wide["error"]


def test_predictions_sort_bound_and_make_the_front() -> None:
    conditions = parse_conditions(["predicted_ms <= 1 s"], PREDICTED_UNITS)
    job = SweepJob(space(), conditions, table=made_up_table(fold_norm=False))
    findings = Findings(Wanted(("predicted_ms", "params"), "predicted_ms"))
    findings.take(decoded_rows(evaluate_chunk(job, 0, 3).rows))
    report = sweep_report(job, findings)
    assert [row["pareto"] for row in report.sections["points"].rows] == [True, False]
    assert any(note.startswith("predicted, not measured") for note in report.notes)
    assert any("cannot be predicted" in note for note in report.notes)


def test_another_table_is_another_sweep() -> None:
    exact, predicted = SweepJob(space()), SweepJob(space(), table=made_up_table(fold_norm=False))
    assert exact.digest != predicted.digest


@contextmanager
def made_up_process(_: str) -> Iterator[FreshProcess]:
    """Each candidate takes a microsecond for every MAC, and a little more in every process."""

    def call(request: TurnRequest, progress: Any) -> tuple[Turn, ...]:
        progress(1.0)
        return tuple(Turn(sum(map(true_ms, one.plan.ops)), 9, MACHINE) for one in request.candidates)

    made = SimpleNamespace(call=call, wait_until_ready=lambda: None, close=lambda: None)
    yield cast("FreshProcess", made)


def plan() -> TurnPlan:
    return TurnPlan(CPU, 2, KeptTurns(None), lambda _: lambda _: None, launch=made_up_process)


def rows(job: SweepJob) -> list[dict[str, Any]]:
    return [row for row in decoded_rows(evaluate_chunk(job, 0, job.positions).rows) if "error" not in row]


def test_measured_points_have_latencies_and_ranks() -> None:
    job = SweepJob(space(), parse_conditions(["macs <= 100M"]))
    report = measured_sweep(
        job, rows(job), Wanted(("latency_ms", "params"), "latency_ms"), Execution(threads=1), plan()
    )
    points = report.sections["points"].rows
    assert [(row["scaling.width"], row["rank"]) for row in points] == [(0.75, "1"), (1.0, "2")]
    assert report.measurement["complete"] is True
    assert report.provenance.machine["torch"] == "2.6"


@pytest.mark.parametrize("bound", ["macs < 1", "macs > 0"])
def test_none_and_too_many_points_are_not_measured(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbconv_cli.analysis.sweep.measured_sweep.MOST_MEASURED", 2)
    job = SweepJob(space(), parse_conditions([bound]))
    with pytest.raises(InputError, match="choose with --where and --sample"):
        measured_sweep(job, rows(job), Wanted(), Execution(threads=1), plan())


def test_networks_are_drawn_that_satisfy_conditions() -> None:
    found: list[OpenNetwork] = drawn_networks(space(), 5, 0, parse_conditions(["macs <= 100M"]))
    assert sorted(network.plan.name for network in found) == ["mobilenet-v3-small-0", "mobilenet-v3-small-1"]
    evaluator = Evaluator(space())
    for network in found:
        point = int(network.plan.name.rpartition("-")[2])
        macs = sum(cost_of(op).macs for op in network.plan.ops)
        assert macs == evaluator.figures(space().combination(point))["macs"]


def test_a_space_without_such_a_network_is_refused() -> None:
    with pytest.raises(InputError, match="loosen a condition"):
        drawn_networks(space(), 5, 0, parse_conditions(["macs < 1"]))

"""Profiles against limits, with made-up times and a made-up machine, so that every figure can be foretold."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest

from mbconv_cli.analysis.grouping import OF_OPS, By
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.profile.roofline_section import least_times
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.activation_memory import alive_bytes
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.cost.roofline import Bandwidth, Limits
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.kept_limits import Calibration
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.report.model import Cell, Report, Row

KEYS = ("intensity", "roofline_ms", "roofline_share", "bound")
# 100 GFLOP/s and 10 GB/s whatever the working set, so the machine balances at 10 FLOP/byte.
LIMITS = Limits(100.0, (Bandwidth(2**16, 10.0), Bandwidth(2**20, 10.0)), 0.1)
CALIBRATION = Calibration(LIMITS, "measured now")

Measure: TypeAlias = Callable[..., Report]


@pytest.fixture(scope="module")
def network() -> OpenNetwork:
    return open_network("mobilenet-v3-small")


@pytest.fixture
def measured(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Profiles the network as if its ops took the given times, in ms."""

    def measure(latencies: Sequence[float], by: By = By.LAYER, allocated: int | None = None, **asked: Any) -> Report:
        cost = total(plan_costs(network.plan))
        audit = Audit(len(network.plan.ops), cost.macs, cost.params, cost.params, (), ())
        passes = Measurement([math.fsum(latencies)] * 8, [list(latencies)] * 8, 8, steady=True, seconds=1.0)
        machine: dict[str, Cell] = {"torch": "2.6", "threads": 1, "device": "cpu", "device_name": "an abacus"}
        bench = Bench(audit, passes, machine, allocated_bytes=allocated)
        monkeypatch.setattr("mbconv_cli.pytorch.bench.run_batches", lambda *_, **__: (bench,))
        request = LatencyRequest(DeviceChoice("cuda"), Budget(), lambda _: None)
        return profile(network, view=View(by, **asked), latency=request, calibration=CALIBRATION)

    return measure


@pytest.fixture
def slow(network: OpenNetwork) -> list[float]:
    """A millisecond an op."""
    return [1.0] * len(network.plan.ops)


def notes(report: Report, label: str) -> list[str]:
    return [note for note in report.notes if note.startswith(f"{label}: ")]


def figure(row: Row, key: str) -> float:
    value = row[key]
    assert isinstance(value, int | float)
    return value


def test_a_layer_is_held_to_the_limit_that_it_meets_first(measured: Measure, slow: list[float]) -> None:
    for row in measured(slow).sections["layers"].rows:
        flops, moved = figure(row, "flops"), figure(row, "bytes")
        compute, memory = flops / 100e6, moved / 10e6
        assert row["intensity"] == (flops / moved if moved else 0)
        if row["op"] == "batch_norm":
            assert flops == 0
        assert row["bound"] == ("compute" if compute > memory else "memory")
        assert figure(row, "roofline_ms") == pytest.approx(max(compute, memory))
        assert row["roofline_share"] == pytest.approx(figure(row, "roofline_ms") / figure(row, "latency_ms"))


@pytest.mark.parametrize("by", OF_OPS)
def test_the_least_times_of_any_rows_add_up(measured: Measure, slow: list[float], by: By, network: OpenNetwork) -> None:
    section = measured(slow, by).sections[by.section]
    assert [column.key for column in section.columns][-4:] == list(KEYS)
    costs = plan_costs(network.plan)
    least = least_times(network.plan, costs, LIMITS, batch_size=1, element_size=4)
    whole = math.fsum(time.ms for time in least)
    assert math.fsum(figure(row, "roofline_ms") for row in section.rows) == pytest.approx(whole)
    assert len(section.rows) > 3
    cut = measured(slow, by, top=3).sections[by.section].rows
    assert math.fsum(figure(row, "roofline_ms") for row in cut) == pytest.approx(whole)
    assert cut[3].keys().isdisjoint({"intensity", "bound", "alive_bytes"}), "these do not add up"


@pytest.mark.parametrize("key", KEYS)
def test_rows_can_be_sorted_by_what_the_limits_say(measured: Measure, slow: list[float], key: str) -> None:
    cells = [row[key] for row in measured(slow, sort=key).sections["layers"].rows]
    assert cells == sorted(cells, key=lambda cell: cell if isinstance(cell, str) else -float(str(cell)))


def test_a_row_is_bound_by_what_more_of_its_least_time_is_due_to(measured: Measure, slow: list[float]) -> None:
    rows = {row["name"]: row for row in measured(slow, By.ROLE).sections["roles"].rows}
    assert rows["norm and activation"]["bound"] == rows["shortcut"]["bound"] == "memory"
    assert rows["norm and activation"]["intensity"] == 0
    assert rows["depthwise"]["bound"] == "memory"
    assert figure(rows["expand"], "intensity") > figure(rows["depthwise"], "intensity") > 0


def test_the_limits_are_told(measured: Measure, slow: list[float]) -> None:
    report = measured(slow)
    assert notes(report, "roofline") == [
        (
            "roofline: at most 100 GFLOP/s, and 10 GB/s within caches to 10 GB/s within 1.0 MiB; known within 10.0 %; "
            "measured now"
        )
    ]
    assert report.sections["limits"].rows == (
        {"name": "compute", "gigaflops_per_second": 100.0},
        {"name": "memory, 64.0 KiB", "working_set": 65_536, "gigabytes_per_second": 10.0},
        {"name": "memory, 1.0 MiB", "working_set": 1_048_576, "gigabytes_per_second": 10.0},
    )
    assert not notes(report, "warning")


def test_what_is_faster_than_allowed_by_more_than_the_error_is_named(measured: Measure, network: OpenNetwork) -> None:
    least = least_times(network.plan, plan_costs(network.plan), LIMITS, batch_size=1, element_size=4)
    within = [0.91 * time.ms for time in least]
    assert not notes(measured(within), "warning")
    within[0] = 0.9 * least[0].ms
    (warning,) = notes(measured(within), "warning")
    assert "faster than the roofline allows by more than its error: stem.conv; if" in warning
    assert "--recalibrate" in warning
    (warning,) = notes(measured([0.5 * time.ms for time in least]), "warning")
    assert "stages.0.0.depthwise.conv, stages.0.0.depthwise.norm and " in warning
    assert f"{len(least) - 5} more" in warning


def test_why_a_role_takes_more_of_the_time_than_of_the_macs(
    measured: Measure, slow: list[float], network: OpenNetwork
) -> None:
    told = notes(measured(slow, By.ROLE), "why")
    ops = len(network.plan.ops)
    rows = {row["name"]: row for row in measured(slow, By.ROLE).sections["roles"].rows}
    shares = {name: figure(row, "latency_share") - figure(row, "macs_share") for name, row in rows.items()}
    assert [note.split()[1] for note in told] == [
        str(name).split()[0] for name, excess in shares.items() if excess > 0.05
    ]
    se = rows["se"]
    assert told[0] == (
        f"why: se has {100 * figure(se, 'macs_share'):.1f} % of the MACs and {100 * figure(se, 'ops') / ops:.1f} % of "
        f"the time: {figure(se, 'intensity'):.3g} FLOP/byte, where the machine balances at 10, so memory is its limit; "
        f"it reaches {100 * figure(se, 'roofline_share'):.1f} % of that limit only, so that most of its time goes "
        "neither into arithmetic nor into traffic"
    )
    assert "norm and activation has none of the MACs" in told[-1]


def test_a_limit_that_is_reached_is_why(measured: Measure, network: OpenNetwork) -> None:
    least = least_times(network.plan, plan_costs(network.plan), LIMITS, batch_size=1, element_size=4)
    told = notes(measured([time.ms / 0.8 for time in least], By.ROLE), "why")
    assert told
    assert all(note.endswith("it reaches 80.0 % of that limit") for note in told)


@pytest.mark.parametrize("by", [By.LAYER, By.BLOCK, By.STAGE])
def test_why_is_told_by_role_only(measured: Measure, slow: list[float], by: By) -> None:
    assert not notes(measured(slow, by), "why")


def test_the_bytes_alive_are_the_most_within_a_row(measured: Measure, slow: list[float], network: OpenNetwork) -> None:
    alive = alive_bytes(network.plan, 1, 4)
    report = measured(slow)
    assert [row["alive_bytes"] for row in report.sections["layers"].rows] == list(alive)
    assert report.totals["peak_bytes"] == max(alive)
    for by in OF_OPS:
        section = measured(slow, by).sections[by.section]
        assert max(figure(row, "alive_bytes") for row in section.rows) == max(alive)


def test_the_batch_multiplies_the_bytes_alive(network: OpenNetwork) -> None:
    one, five = (profile(network, execution=Execution(size)) for size in (1, 5))
    assert figure(five.totals, "peak_bytes") == 5 * figure(one.totals, "peak_bytes")
    assert figure(five.sections["layers"].rows[3], "alive_bytes") == 5 * alive_bytes(network.plan, 1, 4)[3]


def test_what_the_allocator_says_stands_beside_the_plans_peak(measured: Measure, slow: list[float]) -> None:
    plan, allocator = notes(measured(slow, allocated=3 * 2**20), "memory")
    assert "are alive at once, at stages." in plan
    assert allocator.startswith("memory: the allocator counted 3.0 MiB at most in a plain pass")
    assert len(notes(measured(slow), "memory")) == 1

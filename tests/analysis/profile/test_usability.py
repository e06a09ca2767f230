"""When a profile gives no figure: what it says in its place, with the one thing to do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbconv_cli.analysis import measuring
from mbconv_cli.analysis.profile.reconciliation import correction, end_to_end, headline, raw_samples, reconcile
from mbconv_cli.analysis.profile.usability import unusable_reason
from mbconv_cli.machine.load import Load
from mbconv_cli.machine.quiet_speed import QuietSpeed
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.processes.pooling import pooled
from mbconv_cli.measure.statistics.control_variate import COEFFICIENT
from mbconv_cli.report.model import Cell

PACES = (1.0, 1.01, 0.99, 1.005, 0.995)
QUIET = QuietSpeed(0.5, "the best seen on this machine")


@pytest.fixture(autouse=True)
def _four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "usable_cores", lambda: frozenset(range(4)))


def bench(
    *, slowdown: float = 1.0, load: Load | None = None, threads: int = 4, device: str = "cpu", spread: float = 1.0
) -> Bench:
    """Five processes of 10 ms on a machine that is so much slower than at its quiet speed."""
    machine: dict[str, Cell] = {"torch": "2.6", "threads": threads, "device": device, "device_name": "a CPU"}
    longer = slowdown**COEFFICIENT
    measured = [
        Measurement(
            [10 * longer * (1 + spread * (pace - 1))] * 8,
            [[4 * longer * pace, 6 * longer * pace]] * 8,
            steady=True,
            seconds=1.0,
            load=load or Load(others_share=0.0, stolen_share=0.0),
            reference=[(0.4 * slowdown, 0.625 * slowdown)] * 3,
        )
        for pace in PACES
    ]
    return Bench(Audit(2, 0, 0, 0, (), ()), pooled(measured), machine, quiet=QUIET)


def test_a_quiet_machine_has_a_usable_result() -> None:
    assert unusable_reason(bench()) is None
    assert headline(bench()).value == pytest.approx(10.0)


def test_a_slower_machine_has_the_same_headline_and_shows_what_was_measured() -> None:
    slower = bench(slowdown=1.1)
    assert unusable_reason(slower) is None
    assert headline(slower).value == pytest.approx(10.0)
    assert end_to_end(slower).value == pytest.approx(10 * 1.1**COEFFICIENT)
    found = correction(slower)
    assert found is not None
    assert found.slowdown == pytest.approx(1.1)
    rows = {row["name"]: row for row in reconcile(slower).rows}
    assert rows["end to end"]["latency_ms"] == pytest.approx(10 * 1.1**COEFFICIENT)
    assert rows["end to end, at quiet speed"]["latency_ms"] == pytest.approx(10.0)
    assert rows["sum of layers"]["latency_ms"] == pytest.approx(10 * 1.1**COEFFICIENT)


def test_all_samples_of_the_reference_are_kept() -> None:
    samples = raw_samples(bench(), "latency_ms")
    assert samples["reference_1_ms"] == (0.4,) * 15
    assert samples["reference_2_ms"] == (0.625,) * 15
    assert samples["process_reference_ms"] == pytest.approx([0.5] * 5)


BUSY = Load(others_share=0.25, stolen_share=0.0)
OVERLOADED = "the machine was overloaded: it ran the reference workload 1.6x slower than at its quiet speed; "


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (bench(slowdown=1.6, load=BUSY), f"{OVERLOADED}another program keeps a core busy; try --threads 3"),
        (
            bench(slowdown=1.6, load=Load(others_share=0.5, stolen_share=0.0)),
            f"{OVERLOADED}other programs keep 2 cores busy; try --threads 2",
        ),
        (
            bench(slowdown=1.6, load=BUSY, threads=1),
            f"{OVERLOADED}another program keeps a core busy; end it, or measure later",
        ),
        (
            bench(slowdown=1.6, load=Load(others_share=0.5, stolen_share=0.0), threads=1),
            f"{OVERLOADED}other programs keep 2 cores busy; end them, or measure later",
        ),
        (
            bench(slowdown=1.6),
            f"{OVERLOADED}something outside of this system slows the machine down; measure later, or on another one",
        ),
        (
            bench(spread=20.0),
            "interval, is wider than 20 % of the latency; measure longer, for instance with --max-time 30",
        ),
    ],
)
def test_the_reason_and_the_one_thing_to_do(found: Bench, reason: str) -> None:
    told = unusable_reason(found)
    assert told is not None
    if "interval" in reason:
        assert told.partition(", is wider")[2] == reason.partition(", is wider")[2]
    else:
        assert told == reason


def test_an_accelerator_is_not_judged_by_the_cores() -> None:
    wide = bench(spread=20.0, load=BUSY, device="cuda:0")
    assert "measure longer" in str(unusable_reason(replace(wide, quiet=None)))


def test_without_a_reference_in_every_process_nothing_is_corrected() -> None:
    whole = bench(slowdown=1.1)
    processes = list(whole.measurement.processes)
    processes[0] = replace(processes[0], reference=[])
    found = replace(whole, measurement=pooled(processes))
    assert correction(found) is None
    assert headline(found) == end_to_end(found)

"""How busy the machine was, from texts of /proc/stat and moments made up."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mbconv_cli.machine import load
from mbconv_cli.machine.load import CoreTimes, Load, Moment, core_seconds, load_between, moment

# user nice system idle iowait irq softirq steal guest guest_nice
STAT = """cpu  1111 0 0 0 0 0 0 0 0 0
cpu0 100 20 30 4000 50 6 7 80 9 1
cpu1 1000 0 0 3000 0 0 0 0 0 0
cpu10 5 0 0 0 0 0 0 5 0 0
intr 12345
ctxt 1
"""


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "usable_cores", lambda: frozenset({0, 1}))


def between(busy: float, own: float, stolen: float = 0.0) -> Load:
    """What is told of 10 s on two cores."""
    first = Moment(5.0, 0.5, CoreTimes(busy=70.0, stolen=3.0, own=1.0))
    last = Moment(15.0, 1.5, CoreTimes(busy=70.0 + busy, stolen=3.0 + stolen, own=1.0 + own))
    return load_between(first, last)


@pytest.mark.parametrize(
    ("cores", "busy", "stolen"), [({0}, 1.63, 0.8), ({1}, 10.0, 0.0), ({10}, 0.05, 0.05), ({0, 10}, 1.68, 0.85)]
)
def test_cores_are_busy_with_all_but_waiting_and_guests_count_once(cores: set[int], busy: float, stolen: float) -> None:
    assert core_seconds(STAT, cores, 100) == pytest.approx((busy, stolen))


@pytest.mark.parametrize("text", ["", "cpu0 1 2\ncpu1 1 2\n", "cpu0 a b c d e f g h\n", STAT.replace("cpu1 ", "cpu2 ")])
def test_a_text_that_does_not_tell_of_all_cores(text: str) -> None:
    assert core_seconds(text, {0, 1}, 100) is None


def test_what_is_not_its_own_work_is_that_of_others() -> None:
    assert between(busy=13.0, own=9.0, stolen=1.0) == Load(0.5, 1.5, others_share=0.2, stolen_share=0.05)


def test_ticks_may_fall_a_little_short_of_its_own_work() -> None:
    assert between(busy=9.5, own=10.0) == Load(0.5, 1.5, 0.0, 0.0)


def test_a_system_that_does_not_count_this_process_tells_nothing() -> None:
    assert between(busy=0.0, own=10.0) == Load(0.5, 1.5, None, None)


def test_a_system_that_tells_of_no_cores() -> None:
    assert load_between(Moment(0, 0.5, None), Moment(9, None, None)) == Load(0.5, None, None, None)


def test_no_time_at_all() -> None:
    now = Moment(1.0, 0.5, CoreTimes(1.0, 0.0, 1.0))
    assert load_between(now, now) == Load(0.5, 0.5, None, None)


def test_a_system_without_such_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_text(_: Path, **_options: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", read_text)
    assert moment().cores is None


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="this system has no /proc/stat")
def test_this_system_counts_the_work_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    first = moment()
    assert first.cores is not None
    while time.process_time() < first.cores.own + 0.3:
        pass
    last = moment()
    assert last.cores is not None
    assert last.cores.own - first.cores.own >= 0.3
    assert last.cores.busy >= first.cores.busy
    told = load_between(first, last)
    assert told.others_share is None or 0 <= told.others_share <= 1

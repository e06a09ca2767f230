"""NVML as nvidia-ml-py gives it, played by a module of the same functions."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from mbconv_cli.machine.gpu_state import GpuState, GpuUse, company, gauge_of, joules_per_pass, throttling


class FakeNvml(SimpleNamespace):
    """Answers what it is given; refuses the rest as a driver does."""

    class NVMLError(Exception):
        """What NVML raises."""

    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0

    def __init__(self, answers: dict[str, Any], absent: bool = False) -> None:
        super().__init__()
        self.answers = answers
        self.absent = absent

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's own name
        if self.absent:
            raise self.NVMLError

    def __getattr__(self, name: str) -> Any:
        def query(*_: Any) -> Any:
            if name not in self.answers:
                raise self.NVMLError
            return self.answers[name]

        return query


ANSWERS = {
    "nvmlDeviceGetHandleByUUID": "the handle",
    "nvmlDeviceGetClockInfo": 1980,
    "nvmlDeviceGetPowerUsage": 350_500,
    "nvmlDeviceGetTemperature": 45,
    "nvmlDeviceGetCurrentClocksThrottleReasons": 0x04 | 0x01,
    "nvmlDeviceGetTotalEnergyConsumption": 12_500,
    "nvmlDeviceGetComputeRunningProcesses": ["own", "other"],
}


def read(monkeypatch: pytest.MonkeyPatch, nvml: FakeNvml) -> GpuState | None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    return gauge_of("GPU-1")()


def test_a_reading_has_watts_joules_and_why_clocks_are_held_down(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, FakeNvml(ANSWERS)) == GpuState(1980, 1980, 350.5, 45, ("power cap",), 12.5, 1)


def test_what_a_driver_does_not_answer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = {"nvmlDeviceGetHandleByUUID": "the handle"}
    assert read(monkeypatch, FakeNvml(handle)) == GpuState(None, None, None, None, (), None, 0)


@pytest.mark.parametrize("nvml", [FakeNvml(ANSWERS, absent=True), FakeNvml({})])
def test_nothing_is_read_without_a_driver_or_the_device(nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, nvml) is None


def test_nothing_is_read_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gauge_of("GPU-1")() is None


def test_the_energy_of_a_pass_all_reasons_and_the_most_company_over_all_readings() -> None:
    before = GpuState(1980, 2619, 300.0, 40, ("power cap",), 10.0, 0)
    after = GpuState(1500, 2619, 300.0, 40, ("power cap", "hardware slowdown"), 16.0, 0)
    use, more = GpuUse(before, after, 30), GpuUse(after, GpuState(1980, 2619, 300.0, 40, (), 24.0, 2), 10)
    assert joules_per_pass([use]) == pytest.approx(0.2)
    assert joules_per_pass([use, more]) == pytest.approx(14 / 40)
    assert joules_per_pass([GpuUse(before, after, 0)]) is None
    assert joules_per_pass([use, GpuUse(before, GpuState(1, 1, 1.0, 1, (), None, 0), 10)]) is None
    assert throttling([use, more]) == ("power cap", "hardware slowdown")
    assert [company([]), company([use]), company([use, more])] == [0, 0, 2]

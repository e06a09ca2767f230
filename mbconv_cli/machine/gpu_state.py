"""The state of an NVIDIA GPU while it is measured, by NVML: clocks, power, temperature, throttling, energy, company.

It takes nvidia-ml-py (`pip install 'mbconv-cli[cuda]'`); without it, or where the driver does not answer, nothing is
known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, TypeAlias

# Names of nvmlClocksEventReasons in NVIDIA's NVML API reference; idle and the user's own settings slow nothing down
# that one would not expect.
THROTTLING: Final = {
    0x04: "power cap",
    0x08: "hardware slowdown",
    0x20: "thermal limit of the software",
    0x40: "thermal limit of the hardware",
    0x80: "power brake",
}
_MILLI: Final = 1000


@dataclass(frozen=True, slots=True)
class GpuState:
    """One reading; None where the device does not tell.

    Attributes:
        sm_mhz: clock of the multiprocessors.
        memory_mhz: clock of the memory.
        watts: power.
        celsius: temperature.
        throttled: why the clocks are held down, if they are.
        joules: energy since the driver was loaded.
        other_processes: how many other processes compute on it.
    """

    sm_mhz: int | None
    memory_mhz: int | None
    watts: float | None
    celsius: int | None
    throttled: tuple[str, ...]
    joules: float | None
    other_processes: int


@dataclass(frozen=True, slots=True)
class GpuUse:
    """The readings before and after many passes, and how many these were; none where energy is not theirs alone."""

    before: GpuState
    after: GpuState
    passes: int


def joules_per_pass(uses: Sequence[GpuUse]) -> float | None:
    """The energy of a pass in J over all of them, where the device counts it; None also where nothing ran."""
    passes, joules = sum(use.passes for use in uses), 0.0
    for use in uses:
        if use.before.joules is None or use.after.joules is None:
            return None
        joules += use.after.joules - use.before.joules
    return joules / passes if passes else None


def throttling(uses: Sequence[GpuUse]) -> tuple[str, ...]:
    """Why the clocks were held down at any reading."""
    return tuple(
        dict.fromkeys(reason for use in uses for state in (use.before, use.after) for reason in state.throttled)
    )


def company(uses: Sequence[GpuUse]) -> int:
    """The most other processes that computed on the device at any reading."""
    return max((state.other_processes for use in uses for state in (use.before, use.after)), default=0)


Gauge: TypeAlias = Callable[[], GpuState | None]


def gauge_of(uuid: str) -> Gauge:
    """Reads the state of the GPU with this UUID (`GPU-...`); reads nothing where NVML is not there."""
    try:
        import pynvml
    except ImportError:
        return lambda: None
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    except pynvml.NVMLError:
        return lambda: None
    return lambda: _read(pynvml, handle)


def _read(nvml: ModuleType, handle: Any) -> GpuState:
    def known(query: Callable[..., Any], *arguments: Any) -> Any:
        """The answer, or None where this device or driver has none."""
        try:
            return query(handle, *arguments)
        except nvml.NVMLError:
            return None

    reasons = known(nvml.nvmlDeviceGetCurrentClocksThrottleReasons) or 0
    milliwatts = known(nvml.nvmlDeviceGetPowerUsage)
    millijoules = known(nvml.nvmlDeviceGetTotalEnergyConsumption)
    processes = known(nvml.nvmlDeviceGetComputeRunningProcesses) or []
    return GpuState(
        sm_mhz=known(nvml.nvmlDeviceGetClockInfo, nvml.NVML_CLOCK_SM),
        memory_mhz=known(nvml.nvmlDeviceGetClockInfo, nvml.NVML_CLOCK_MEM),
        watts=None if milliwatts is None else milliwatts / _MILLI,
        celsius=known(nvml.nvmlDeviceGetTemperature, nvml.NVML_TEMPERATURE_GPU),
        throttled=tuple(name for bit, name in THROTTLING.items() if reasons & bit),
        joules=None if millijoules is None else millijoules / _MILLI,
        other_processes=max(0, len(processes) - 1),  # a container sees other numbers of processes than its own
    )

"""An accelerator in simulated time: its passes run on the CPU, and its kernels take what a table says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pytest

from mbconv_cli.machine.gpu_state import GpuState
from mbconv_cli.measure.clock import HostTimes
from mbconv_cli.measure.device_latency import DevicePass, Replays
from mbconv_cli.measure.latency import Pass, Stamp
from mbconv_cli.measure.timeline.device_trace import NOTHING_SEEN, DeviceKernel, DeviceTrace, OpInterval
from mbconv_cli.plan.ops import Plan

LAUNCHED_MS: Final = 1.0
LAUNCH_US: Final = 20.0
"""The host's time for each op."""
GAP_US: Final = 0.5
"""Between two kernels of a replay."""
TRACED_GAP_US: Final = 0.8
SHARED: Final = GpuState(1980, 2619, 350.0, 45, (), None, 1)


def kernels_of(op: int) -> tuple[tuple[str, float], ...]:
    """Names and us of an op's kernels: every fourth op has two."""
    usual = ("void cutlass::gemm", 2.0 + op % 3), ("void at::native::elementwise_kernel", 1.5)
    return usual if op % 4 == 0 else usual[:1]


@dataclass
class FakeClock:
    """Stamps of the device's own time."""

    device: FakeDevice
    stamps: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Begin a pass."""
        self.stamps = [self.device.now_ms]

    def stamp(self) -> None:
        """Take a stamp; what does not know the device takes `LAUNCHED_MS`."""
        if self.device.now_ms == self.stamps[-1]:
            self.device.now_ms += LAUNCHED_MS * self.device.jitter()
        self.stamps.append(self.device.now_ms)

    def finish(self) -> list[float]:
        """Times between neighbouring stamps, in ms."""
        return [after - before for before, after in zip(self.stamps, self.stamps[1:], strict=False)]

    def host_times(self) -> HostTimes | None:
        """A host that takes half of the time."""
        total = self.stamps[-1] - self.stamps[0]
        return HostTimes(enqueue=total / 2, wall=total)


@dataclass
class FakeDevice:
    """What takes the place of a GPU.

    Attributes:
        graphs: whether passes can be captured.
        profiler: whether kernels can be seen.
        gauge: what the device says of itself.
        noise: how far replays differ, as a share.
        now_ms: its time.
        ran: how often anything ran on it.
    """

    graphs: bool = True
    profiler: bool = True
    gauge: GpuState | None = None
    noise: float = 0.0
    now_ms: float = 0.0
    ran: int = 0

    def clock(self, _device: object = None) -> FakeClock:
        """A clock of it."""
        return FakeClock(self)

    def device_pass(
        self,
        by_op: Pass,
        ops: int,
        _device: object,
        _clock: object,
        *,
        launch: Callable[[], object] | None = None,
        both_ways: bool = False,
    ) -> DevicePass | None:
        """As the real one."""
        if not self.graphs and not self.profiler:
            return None
        return DevicePass(
            launch=partial(self._launch, launch or partial(by_op, None), ops),
            by_op=by_op,
            replays=self._replays(ops) if self.graphs else None,
            trace_launches=partial(self._trace_launches, ops) if self.profiler else (lambda _: NOTHING_SEEN),
            ops=ops,
            both_ways=both_ways,
            obstacle="" if self.graphs else "operation not permitted when stream is capturing",
            gauge=lambda: self.gauge,
        )

    def replays_of(self, run: Callable[[], object], _device: object, _clock: object) -> Replays:
        """As the real one; counts the ops by their stamps."""
        from mbconv_cli.pytorch.graph_capture import NotCapturableError

        if not self.graphs:
            raise NotCapturableError("operation not permitted when stream is capturing")
        assert isinstance(run, partial)
        stamps: list[None] = []
        run.func(*run.args[:-1], lambda: stamps.append(None))  # partials of partials are flat
        return self._replays(len(stamps))

    def launching(self, build: Callable[..., Pass]) -> Callable[..., Pass]:
        """A builder of passes, with passes that take their time on the device when they are launched."""

        def built(plan: Plan, *arguments: Any) -> Pass:
            run = build(plan, *arguments)

            def launched(stamp: Stamp | None) -> None:
                run(stamp)
                self.now_ms += len(plan.ops) * LAUNCH_US / 1e3 * self.jitter()

            return launched

        return built

    def jitter(self) -> float:
        """A factor near 1, another one each time, since no device repeats itself to the last digit."""
        self.ran += 1
        return 1 + self.noise * math.sin(self.ran)

    def _replays(self, ops: int) -> Replays:
        return Replays(partial(self._replay, ops), 1, partial(self._trace_replays, ops))

    def _launch(self, run: Callable[[], object], ops: int) -> None:
        run()
        self.now_ms += ops * LAUNCH_US / 1e3

    def _replay(self, ops: int) -> None:
        self.now_ms += self._replay_ms(ops, GAP_US) * self.jitter()

    def _replay_ms(self, ops: int, gap: float) -> float:
        return sum(us + gap for op in range(ops) for _, us in kernels_of(op)) / 1e3

    def _trace_launches(self, ops: int, passes: int) -> DeviceTrace:
        kernels, launched, intervals = list[DeviceKernel](), dict[int, float](), list[OpInterval]()
        for number in range(passes):
            began = number * 1e6
            for op in range(ops):
                start = began + op * LAUNCH_US
                intervals.append(OpInterval(op, start, start + LAUNCH_US - 1))
                for name, us in kernels_of(op):
                    launched[len(kernels)] = start + 1
                    kernels.append(DeviceKernel(name, start + 2 + len(kernels) / 1e3, us, len(kernels)))
        return DeviceTrace(tuple(kernels), launched, tuple(intervals))

    def _trace_replays(self, ops: int, count: int) -> DeviceTrace:
        kernels, now = list[DeviceKernel](), 0.0
        for replay in range(count):
            for op in range(ops):
                for name, us in kernels_of(op):
                    kernels.append(DeviceKernel(name, now, us, replay, (8, 1, 1)))
                    now += us + TRACED_GAP_US
            now += 100.0
        return DeviceTrace(tuple(kernels), {}, ())


def use(device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    """Let this process measure on a fake device what it runs on the CPU."""
    from mbconv_cli.check import conditions
    from mbconv_cli.pytorch import bench, comparison_process, devices, passes
    from mbconv_cli.pytorch.capture import captured_bench

    def fingerprint(text: str, threads: Any) -> dict[str, Any]:
        return {**devices.torch_fingerprint(text, threads), "device": "cuda:0", "device_name": "an abacus"}

    for module in (bench, captured_bench, comparison_process, conditions):
        monkeypatch.setattr(module, "torch_fingerprint", fingerprint)
    for module in (bench, captured_bench, comparison_process):
        monkeypatch.setattr(module, "reference_kernels", lambda *_: ())  # they would time this machine's cores
    for module in (passes, captured_bench, comparison_process):
        monkeypatch.setattr(module, "clock_for", device.clock)
    for module in (passes, captured_bench):
        monkeypatch.setattr(module, "device_pass", device.device_pass)
    for module in (devices, comparison_process):
        monkeypatch.setattr(module, "is_accelerator", lambda _: True)
    built = device.launching(comparison_process._built_pass)
    monkeypatch.setattr(comparison_process, "_built_pass", built)
    monkeypatch.setattr(comparison_process, "replays_of", device.replays_of)
    return device


def compare_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let comparisons run in this process, where the fake device is."""
    from mbconv_cli.measure.processes import comparisons
    from mbconv_cli.pytorch import comparison_process

    @contextmanager
    def together(_processes: int, _start: object = None) -> Iterator[comparisons.Launcher]:
        yield comparison_process.run

    monkeypatch.setattr(comparisons, "started_together", together)

"""An accelerator in simulated time: its passes run on the CPU, and its kernels take what a table says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

import pytest

from mbconv_cli.machine.gpu_state import GpuState
from mbconv_cli.measure.clock import HostTimes
from mbconv_cli.measure.device_latency import DevicePass, Replays
from mbconv_cli.measure.latency import Pass, Stamp
from mbconv_cli.measure.timeline.device_trace import (
    NOTHING_SEEN,
    DeviceKernel,
    DeviceTrace,
    NodeInterval,
    OpInterval,
)
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


class Ran(NamedTuple):
    """A kernel of a pass: its name, its us, and the op that it belongs to, on its way there or back."""

    name: str
    us: float
    op: int | None
    backward: bool = False


STRAY: Final = Ran("void at::native::vectorized_elementwise_kernel", 1.0, None)
"""A kernel that no op launches."""


def kernels_of_pass(ops: int, *, both_ways: bool = False, stray: bool = False) -> list[Ran]:
    """In their order; on the way back, which begins with a gradient that no op gives, each takes twice as long."""
    there = [Ran(name, us, op) for op in range(ops) for name, us in kernels_of(op)]
    back = [Ran(name, 2 * us, op, backward=True) for op in reversed(range(ops)) for name, us in kernels_of(op)]
    return [*there, *([STRAY] if stray or both_ways else []), *(back if both_ways else [])]


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
        stray: whether a pass has a kernel that no op launches.
        growth: how many times the kernels of each further pass take those of the one before, as larger batches do.
        now_ms: its time.
        ran: how often anything ran on it.
    """

    graphs: bool = True
    profiler: bool = True
    gauge: GpuState | None = None
    noise: float = 0.0
    stray: bool = False
    growth: float = 1.0
    now_ms: float = 0.0
    ran: int = 0
    _made: int = 0

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
        longer, kernels = self.growth**self._made, kernels_of_pass(ops, both_ways=both_ways, stray=self.stray)
        kernels, self._made = [ran._replace(us=longer * ran.us) for ran in kernels], self._made + 1
        return DevicePass(
            launch=partial(self._launch, launch or partial(by_op, None), ops, kernels),
            by_op=by_op,
            replays=self._replays(kernels) if self.graphs else None,
            trace_launches=partial(self._trace_launches, ops, kernels) if self.profiler else (lambda _: NOTHING_SEEN),
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
        return self._replays(kernels_of_pass(len(stamps)))

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

    def _replays(self, kernels: list[Ran]) -> Replays:
        trace = partial(self._trace_replays, kernels) if self.profiler else (lambda _: NOTHING_SEEN)
        return Replays(partial(self._replay, kernels), 1, trace)

    def _launch(self, run: Callable[[], object], ops: int, kernels: list[Ran]) -> None:
        """A pass takes as long as Python takes to launch it, or else as its kernels, whatever is longer."""
        run()
        self.now_ms += max(ops * LAUNCH_US / 1e3, self._replay_ms(kernels))

    def _replay(self, kernels: list[Ran]) -> None:
        self.now_ms += self._replay_ms(kernels) * self.jitter()

    def _replay_ms(self, kernels: list[Ran]) -> float:
        return sum(ran.us + GAP_US for ran in kernels) / 1e3

    def _trace_launches(self, ops: int, ran: list[Ran], passes: int) -> DeviceTrace:
        """Each op has an interval of the host's time, and behind them all each has a node of autograd."""
        kernels, launched = list[DeviceKernel](), dict[int, float]()
        intervals, nodes, made = list[OpInterval](), list[NodeInterval](), dict[int, float]()
        for number in range(passes):
            began = number * 1e6
            back = began + (ops + 1) * LAUNCH_US
            for op in range(ops):
                start, node = began + op * LAUNCH_US, number * ops + op
                intervals.append(OpInterval(op, start, start + LAUNCH_US - 1))
                nodes.append(NodeInterval(node, back + op * LAUNCH_US, back + (op + 1) * LAUNCH_US - 1))
                made[node] = start + 1
            for one in ran:
                of_op = (back if one.backward else began) + (one.op or 0) * LAUNCH_US + 1
                launched[len(kernels)] = back - LAUNCH_US / 2 if one.op is None else of_op
                kernels.append(DeviceKernel(one.name, began + 2 + len(kernels) / 1e3, one.us, len(kernels)))
        return DeviceTrace(tuple(kernels), launched, tuple(intervals), tuple(nodes), made)

    def _trace_replays(self, ran: list[Ran], count: int) -> DeviceTrace:
        kernels, now = list[DeviceKernel](), 0.0
        for replay in range(count):
            for one in ran:
                kernels.append(DeviceKernel(one.name, now, one.us, replay, (8, 1, 1)))
                now += one.us + TRACED_GAP_US
            now += 100.0
        return DeviceTrace(tuple(kernels), {}, ())


def use(device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    """Let this process measure on a fake device what it runs on the CPU."""
    from mbconv_cli.check import conditions
    from mbconv_cli.pytorch import bench, comparison_process, devices, passes, preparation, turn_process
    from mbconv_cli.pytorch.capture import captured_bench

    def fingerprint(text: str, threads: Any) -> dict[str, Any]:
        return {**devices.torch_fingerprint(text, threads), "device": "cuda:0", "device_name": "an abacus"}

    for module in (bench, captured_bench, comparison_process, conditions, turn_process):
        monkeypatch.setattr(module, "torch_fingerprint", fingerprint)
    for module in (bench, captured_bench, comparison_process, turn_process):
        monkeypatch.setattr(module, "reference_kernels", lambda *_: ())  # they would time this machine's cores
    for module in (passes, captured_bench, comparison_process, turn_process):
        monkeypatch.setattr(module, "clock_for", device.clock)
    for module in (passes, captured_bench):
        monkeypatch.setattr(module, "device_pass", device.device_pass)
    for module in (devices, captured_bench, comparison_process, preparation, turn_process):
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

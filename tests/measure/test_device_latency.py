"""The instrument of an accelerator, on a fake one in simulated time."""

from __future__ import annotations

import math
from functools import partial
from statistics import fmean

import pytest

from mbconv_cli.machine.gpu_state import GpuState, joules_per_pass
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import HostClock
from mbconv_cli.measure.device_latency import (
    BURST_MS,
    LEAST_LAUNCHES,
    TRACED_REPLAYS,
    DevicePass,
    NoTimelineError,
    Replays,
    burst_of,
    measure_on_device,
)
from mbconv_cli.measure.device_times import TimeSource
from mbconv_cli.measure.latency import Measurement, Stamp
from mbconv_cli.measure.timeline.device_trace import NOTHING_SEEN
from tests.fake_device import GAP_US, LAUNCH_US, SHARED, STRAY, FakeDevice, kernels_of

OPS = 10
BUDGET = Budget(precision=0.02, min_seconds=0.01, max_seconds=0.05, min_rounds=6, least_warm_up_seconds=0)
KERNELS_MS = sum(us for op in range(OPS) for _, us in kernels_of(op)) / 1e3
KERNEL_COUNT = sum(len(kernels_of(op)) for op in range(OPS))
REPLAY_MS = KERNELS_MS + KERNEL_COUNT * GAP_US / 1e3


def by_op(stamp: Stamp | None) -> None:
    for _ in range(OPS):
        if stamp is not None:
            stamp()


def pass_on(device: FakeDevice, both_ways: bool = False) -> DevicePass:
    found = device.device_pass(by_op, OPS, None, None, both_ways=both_ways)
    assert found is not None
    return found


def measured(device: FakeDevice, run: DevicePass | None = None, budget: Budget = BUDGET) -> Measurement:
    host = HostClock(iter(range(0, 10**9, 1_000_000)).__next__)
    return measure_on_device(run or pass_on(device), device.clock(), budget, now=lambda: device.now_ms / 1e3, host=host)


def test_end_to_end_is_a_replay_and_layers_are_their_kernels() -> None:
    found = measured(FakeDevice())
    assert found.end_to_end == pytest.approx([REPLAY_MS] * len(found.end_to_end))
    assert len(found.layers) == TRACED_REPLAYS
    expected = [sum(us for _, us in kernels_of(op)) / 1e3 for op in range(OPS)]
    assert found.layers[0] == pytest.approx([*expected, 0.0])
    assert math.fsum(found.layers[0]) == pytest.approx(KERNELS_MS)
    assert found.steady


def test_the_timeline_names_every_kernel_its_op_and_its_grid() -> None:
    device = measured(FakeDevice()).device
    assert device is not None
    assert device.source is TimeSource.GRAPH
    assert [kernel.part for kernel in device.kernels] == [op for op in range(OPS) for _ in kernels_of(op)]
    assert {kernel.grid for kernel in device.kernels} == {(8, 1, 1)}
    assert device.unassigned == 0
    assert device.traced_span_ms > REPLAY_MS
    assert device.launched_ms == pytest.approx([OPS * LAUNCH_US / 1e3] * len(device.launched_ms))
    assert len(device.launched_ms) >= LEAST_LAUNCHES
    assert device.launch_ms == (1.0,) * OPS


def test_training_has_a_time_for_every_op_on_both_ways() -> None:
    device = FakeDevice()
    found = measured(device, pass_on(device, both_ways=True))
    (*times, no_op), forward = found.layers[0], [sum(us for _, us in kernels_of(op)) / 1e3 for op in range(OPS)]
    assert times == pytest.approx([*forward, *(2 * ms for ms in reversed(forward))])
    assert no_op == pytest.approx(STRAY.us / 1e3)


def test_warming_up_takes_no_time_of_the_sampling() -> None:
    """It is not steady for long, and the budget is spent on samples all the same."""
    device, slow = FakeDevice(), (1e3 * 0.8**number for number in range(100))
    real = pass_on(device).replays
    assert real is not None

    def warming() -> None:
        real.start()
        device.now_ms += next(slow, 0.0)

    run = pass_on(device)
    run = DevicePass(run.launch, run.by_op, Replays(warming, 1, real.trace), run.trace_launches, OPS)
    found = measured(device, run, Budget(0.02, 0.01, 0.05, 6, 0.0, 100.0))
    assert found.warm_up > 10
    assert fmean(found.end_to_end) == pytest.approx(REPLAY_MS, rel=1e-3)
    assert len(found.end_to_end) * REPLAY_MS >= 6 * REPLAY_MS


def test_a_burst_is_long_enough_for_its_events_to_be_no_part_of_it() -> None:
    device = FakeDevice()
    replays = pass_on(device).replays
    assert replays is not None
    burst = burst_of(replays, device.clock())
    assert BURST_MS <= burst.passes * REPLAY_MS < BURST_MS + 2 * REPLAY_MS
    assert burst.time(device.clock()) == pytest.approx(REPLAY_MS)
    several = burst_of(Replays(replays.start, 10, replays.trace), device.clock())
    assert several.passes % 10 == 0
    assert abs(several.passes - 10 * burst.passes) <= 10


def test_without_a_graph_the_kernels_of_launched_passes_are_summed() -> None:
    found = measured(FakeDevice(graphs=False))
    assert found.device is not None
    assert found.device.source is TimeSource.KERNELS
    assert found.device.obstacle == "operation not permitted when stream is capturing"
    assert found.end_to_end == pytest.approx([KERNELS_MS] * len(found.end_to_end))
    assert [math.fsum(times) for times in found.layers] == pytest.approx(found.end_to_end)


def test_without_a_profiler_there_are_no_layers() -> None:
    found = measured(FakeDevice(profiler=False))
    assert found.device is not None
    assert found.device.source is TimeSource.GRAPH
    assert found.layers == []
    assert found.device.kernels == ()
    assert fmean(found.end_to_end) == pytest.approx(REPLAY_MS, rel=1e-3)


def test_without_both_nothing_is_known() -> None:
    device = FakeDevice()
    run = pass_on(device)
    blind = FakeDevice(profiler=False)
    unseen = DevicePass(run.launch, run.by_op, None, pass_on(blind).trace_launches, OPS)
    with pytest.raises(NoTimelineError):
        measured(device, unseen)


def test_an_interruption_keeps_what_was_sampled() -> None:
    device = FakeDevice()
    run = pass_on(device)
    assert run.replays is not None
    replays = run.replays
    starts = [0]

    def interrupted() -> None:
        starts[0] += 1
        if starts[0] == 2_000:
            raise KeyboardInterrupt
        replays.start()

    run = DevicePass(run.launch, run.by_op, Replays(interrupted, 1, replays.trace), run.trace_launches, OPS)
    found = measured(device, run, Budget(0.0, 10.0, 10.0, 6, 0.0))
    assert found.interrupted
    assert len(found.layers) == TRACED_REPLAYS


def test_the_energy_of_a_pass_is_that_of_all_over_their_number() -> None:
    device = FakeDevice()
    joules = iter((100.0, 150.0))

    def gauge() -> GpuState:
        return GpuState(1980, 2619, 350.0, 45, (), next(joules, 200.0), 0)

    run = pass_on(device)
    run = DevicePass(run.launch, run.by_op, run.replays, run.trace_launches, OPS, gauge=gauge)
    found = measured(device, run)
    assert found.device is not None
    energy = joules_per_pass(found.device.uses)
    assert energy is not None
    least = 50.0 / (len(found.end_to_end) * (BURST_MS / REPLAY_MS + 2))
    assert least <= energy <= 50.0 * REPLAY_MS / BURST_MS / len(found.end_to_end)


def test_a_pass_without_a_graph_has_clocks_but_no_energy_of_its_own() -> None:
    found = measured(FakeDevice(graphs=False, gauge=SHARED))
    assert found.device is not None
    assert [use.after for use in found.device.uses] == [SHARED]
    assert joules_per_pass(found.device.uses) is None


def test_replays_of_which_the_profiler_sees_nothing_have_no_layers() -> None:
    device = FakeDevice()
    run = pass_on(device)
    assert run.replays is not None
    blind = Replays(run.replays.start, 1, lambda _: NOTHING_SEEN)
    found = measured(device, DevicePass(run.launch, run.by_op, blind, run.trace_launches, OPS))
    assert found.layers == []
    assert fmean(found.end_to_end) == pytest.approx(REPLAY_MS, rel=1e-3)


def test_progress_ends_at_the_end() -> None:
    device, told = FakeDevice(), list[float]()
    run = partial(measure_on_device, pass_on(device), device.clock(), BUDGET, now=lambda: device.now_ms / 1e3)
    run(progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0

"""Measurements of several processes as one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbconv_cli.machine.gpu_state import GpuState, GpuUse
from mbconv_cli.machine.load import Load
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.clock import HostTimes
from mbconv_cli.measure.device_times import DeviceTimes, TimeSource
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.processes.pooling import pooled, pooled_benches
from mbconv_cli.measure.stamp_cost import StampCost

FIRST = Measurement(
    [1.0, 2.0],
    [[0.5, 0.5], [1.0, 1.0]],
    warm_up=3,
    steady=True,
    seconds=1.0,
    host=[HostTimes(0.1, 1.1), HostTimes(0.2, 2.1)],
    precision_asked=0.02,
    stamp_cost=StampCost(1e-5, 1e-4),
    load=Load(0.1, 0.2, 0.0, 0.04),
    page_faults=10.0,
)
SECOND = Measurement(
    [4.0], [[2.0, 2.0]], warm_up=2, steady=False, seconds=3.0, interrupted=True, load=Load(0.3, 0.4, 0.4, 0.0),
    page_faults=30.0,
)  # fmt: skip


def test_samples_stand_one_process_after_the_other() -> None:
    both = pooled([FIRST, SECOND])
    assert both.end_to_end == [1.0, 2.0, 4.0]
    assert both.layers == [[0.5, 0.5], [1.0, 1.0], [2.0, 2.0]]
    assert both.host == FIRST.host
    assert both.by_process == both.processes == (FIRST, SECOND)


def test_a_disturbed_process_is_no_part_of_the_whole() -> None:
    quiet = [Measurement([10.0 + index / 10], [[4.0, 6.0]], steady=True, seconds=1.0) for index in range(4)]
    slowed = Measurement([15.0], [[6.0, 9.0]], seconds=2.0)
    together = pooled([*quiet[:2], slowed, *quiet[2:]])
    assert together.processes == tuple(quiet)
    assert together.left_out == (slowed,)
    assert together.layers == [[4.0, 6.0]] * 4
    assert (together.steady, together.seconds) == (True, 6.0)


def test_what_happened_to_one_happened_to_all_and_times_add_up() -> None:
    both = pooled([FIRST, SECOND])
    assert (both.warm_up, both.seconds) == (5, 4.0)
    assert (both.steady, both.interrupted) == (False, True)
    assert (both.precision_asked, both.stamp_cost) == (0.02, FIRST.stamp_cost)


def test_figures_of_the_machine_count_as_much_as_their_process_took() -> None:
    both = pooled([FIRST, SECOND])
    assert (both.load.before, both.load.after) == (0.1, 0.4)
    assert both.load.others_share == pytest.approx((0.0 * 1 + 0.4 * 3) / 4)
    assert both.load.stolen_share == pytest.approx(0.01)
    assert both.page_faults == pytest.approx(25.0)


def test_what_one_process_could_not_tell_is_not_known() -> None:
    both = pooled([FIRST, replace(SECOND, load=Load(), page_faults=None)])
    assert both.load == Load(0.1, None, None, None)
    assert both.page_faults is None


def test_an_accelerators_readings_of_all_processes_and_the_mean_of_what_was_not_folded() -> None:
    state = GpuState(1980, 2619, 300.0, 40, (), 10.0, 0)
    uses = tuple(GpuUse(state, replace(state, joules=after), 10) for after in (12.0, 14.0))
    benches = [
        replace(
            bench_of(Measurement(end_to_end=[1.0], device=DeviceTimes(TimeSource.GRAPH, (), 1.0, (), uses=(use,)))),
            unfolded_ms=unfolded,
        )
        for use, unfolded in zip(uses, (2.0, 3.0), strict=True)
    ]
    ((one,),) = [pooled_benches([[bench] for bench in benches])]
    assert one.measurement.device is not None
    assert one.measurement.device.uses == uses
    assert one.unfolded_ms == 2.5


def bench_of(measurement: Measurement, allocated: int | None = None) -> Bench:
    return Bench(Audit(2, 0, 0, 0, (), ()), measurement, {"device": "cpu"}, allocated_bytes=allocated)


def test_one_process_is_what_it_is() -> None:
    assert pooled([FIRST]) is FIRST
    assert FIRST.by_process == (FIRST,)


def test_each_batch_size_is_pooled_by_itself_and_an_interrupted_process_may_have_fewer() -> None:
    small, large = pooled_benches([[bench_of(FIRST, 7), bench_of(SECOND, None)], [bench_of(SECOND, 9)]])
    assert small.measurement.processes == (FIRST, SECOND)
    assert small.allocated_bytes == 9
    assert (large.measurement, large.allocated_bytes) == (SECOND, None)

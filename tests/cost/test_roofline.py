"""Least times: by hand on round figures, and what must hold for any machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.cost.counts import cost_of, plan_costs
from mbconv_cli.cost.roofline import Bandwidth, Limits, Traffic, least_time, least_traffic, upper_envelope
from mbconv_cli.plan.op_kinds import Activation, Add, BatchNorm, ChannelSlice, Conv2d, Kind, Linear, MaxPool
from mbconv_cli.plan.ops import Op, Shape, Value
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load

KB, GB = 10**3, 10**9
# A cache of 1 GB/s for a kB, one of 0.5 GB/s for 10 kB, and memory of 0.1 GB/s; 2 GFLOP/s.
MACHINE = Limits(2.0, (Bandwidth(1 * KB, 1.0), Bandwidth(10 * KB, 0.5), Bandwidth(100 * KB, 0.1)), 0.05)

rates = st.floats(min_value=1e-3, max_value=1e5)
bandwidths = st.dictionaries(st.integers(1, 10**9), rates, min_size=1, max_size=12).map(
    lambda rate_of: tuple(Bandwidth(size, rate_of[size]) for size in sorted(rate_of))
)


def op(kind: Kind, inputs: tuple[Shape, ...], output: Shape) -> Op:
    values = tuple(Value(f"x{index}", shape) for index, shape in enumerate(inputs))
    return Op(kind, values, Value("y", output), "stem", "stem", "stem")


def traffic(made: Op, batch_size: int = 1) -> Traffic:
    return least_traffic(made, cost_of(made), batch_size, 4)


def test_flops_take_their_time_at_the_peak() -> None:
    assert MACHINE.compute_ms(2 * 10**9) == pytest.approx(1_000)


@pytest.mark.parametrize(
    ("working_set", "microseconds"),
    [
        (0, 0),
        (500, 0.5),
        (1 * KB, 1),
        (10 * KB, 10),  # below the second smallest set the rate is that of the smallest
        (20 * KB, 10 + 20),
        (100 * KB, 10 + 180),
        (101 * KB, 10 + 180 + 10),
        (200 * KB, 10 + 180 + 1_000),
    ],
)
def test_a_working_set_fills_the_caches_from_the_inside(working_set: int, microseconds: float) -> None:
    assert MACHINE.memory_ms(working_set, working_set) == pytest.approx(microseconds / 1_000)


def test_what_is_moved_twice_takes_twice_as_long() -> None:
    assert MACHINE.memory_ms(40 * KB, 20 * KB) == pytest.approx(2 * MACHINE.memory_ms(20 * KB, 20 * KB))


@given(bandwidths)
def test_the_envelope_never_rises_and_is_never_below_what_was_measured(measured: tuple[Bandwidth, ...]) -> None:
    envelope = upper_envelope(measured)
    assert [point.working_set for point in envelope] == [point.working_set for point in measured]
    found = [point.gigabytes_per_second for point in envelope]
    assert found == sorted(found, reverse=True)
    assert all(
        above.gigabytes_per_second >= point.gigabytes_per_second
        for above, point in zip(envelope, measured, strict=True)
    )
    assert set(found) <= {point.gigabytes_per_second for point in measured}


@given(bandwidths, st.integers(1, 10**10))
def test_no_measured_rate_of_an_equal_or_larger_set_beats_the_limit(
    measured: tuple[Bandwidth, ...], working_set: int
) -> None:
    limits = Limits(1.0, measured, 0.0)
    least = limits.memory_ms(working_set, working_set)
    for size, rate in measured:
        if size >= working_set:
            assert least <= working_set / (rate * GB) * 1_000 * (1 + 1e-9)


@given(bandwidths, st.integers(1, 10**10), st.integers(1, 10**10))
def test_more_takes_longer_and_is_no_faster_a_byte(measured: tuple[Bandwidth, ...], one: int, other: int) -> None:
    limits = Limits(1.0, measured, 0.0)
    less, more = sorted((one, other))
    of_less, of_more = limits.memory_ms(less, less), limits.memory_ms(more, more)
    assert of_less <= of_more * (1 + 1e-9)
    assert of_less / less <= of_more / more * (1 + 1e-9)


def test_a_convolution_moves_its_convention_bytes() -> None:
    conv = op(Conv2d(8, 16, (3, 3), padding=(1, 1, 1, 1)), ((8, 10, 10),), (16, 10, 10))
    elements = 8 * 16 * 9 + 2 * (800 + 1_600)
    assert traffic(conv, batch_size=2) == Traffic(4 * elements, 4 * elements)


@pytest.mark.parametrize(
    ("kernel", "stride", "extent", "rows"),
    [(1, 1, 10, 10), (1, 2, 10, 5), (1, 3, 10, 4), (2, 3, 10, 6), (3, 2, 11, 11)],
)
def test_pixels_that_no_window_covers_are_not_moved(kernel: int, stride: int, extent: int, rows: int) -> None:
    windows = (extent - kernel) // stride + 1
    pool = op(MaxPool((kernel, kernel), (stride, stride), (0, 0, 0, 0)), ((4, extent, extent),), (4, windows, windows))
    assert traffic(pool).bytes == 4 * 4 * (rows**2 + windows**2)


@pytest.mark.parametrize(("kind", "inputs"), [(Activation("relu"), 1), (Add(), 2)])
def test_what_can_work_in_place_moves_within_its_inputs(kind: Kind, inputs: int) -> None:
    made = op(kind, ((4, 5, 5),) * inputs, (4, 5, 5))
    assert traffic(made) == Traffic(400 * (inputs + 1), 400 * inputs)


def test_a_norm_writes_elsewhere_and_a_slice_moves_nothing() -> None:
    assert traffic(op(BatchNorm(4, 1e-5, 0.1), ((4, 5, 5),), (4, 5, 5))).working_set == 4 * (200 + 16)
    assert traffic(op(ChannelSlice(0, 2), ((4, 5, 5),), (2, 5, 5))) == Traffic(0, 0)


def test_an_op_is_bound_by_the_limit_that_it_meets_first() -> None:
    vector = op(Linear(100, 100, bias=False), ((100,),), (100,))  # 20 kFLOP; 40.8 kB
    least = least_time(vector, cost_of(vector), MACHINE, batch_size=1, element_size=4)
    assert (least.compute_ms, least.memory_ms) == pytest.approx((0.01, 0.01 + 0.0616))
    assert (least.ms, least.bound) == (least.memory_ms, "memory")
    many = least_time(vector, cost_of(vector), MACHINE, batch_size=1_000, element_size=4)
    assert many.compute_ms == pytest.approx(10)
    slow = Limits(0.2, MACHINE.bandwidths, 0.0)
    assert least_time(vector, cost_of(vector), slow, batch_size=1, element_size=4).bound == "compute"


@pytest.mark.parametrize("name", shipped())
def test_nothing_moves_more_than_the_convention_says(name: str) -> None:
    plan = plan_loaded(load(name))
    for made, cost in zip(plan.ops, plan_costs(plan), strict=True):
        least = least_traffic(made, cost, 3, 2)
        assert 0 <= least.working_set <= least.bytes <= cost.bytes(3, 2)
        assert (least.bytes == 0) == isinstance(made.kind, ChannelSlice)

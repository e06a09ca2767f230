"""What a clock is worth, with clocks that the test turns."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from mbconv_cli.measure.clock import HostClock
from mbconv_cli.measure.stamp_cost import STAMPS, TRIALS, stamp_cost


def clock_of_steps(step: Callable[[int], int]) -> HostClock:
    """A clock in ns whose n-th reading is so long after the one before."""
    time = reading = 0

    def now() -> int:
        nonlocal time, reading
        time += step(reading)
        reading += 1
        return time

    return HostClock(now)


def test_a_fine_clock_tells_a_stamp_from_the_next() -> None:
    cost = stamp_cost(clock_of_steps(lambda _: 80))
    assert cost.resolution_ms == pytest.approx(80e-6)
    assert cost.stamp_ms == pytest.approx(80e-6)


def test_a_coarse_clocks_stamp_costs_less_than_it_can_tell() -> None:
    cost = stamp_cost(clock_of_steps(lambda reading: 1_000 if reading % 10 == 0 else 0))
    assert cost.resolution_ms == pytest.approx(1e-3)
    assert cost.stamp_ms == pytest.approx(1e-4)


def test_a_clock_that_does_not_move_has_no_resolution() -> None:
    cost = stamp_cost(clock_of_steps(lambda _: 0))
    assert (cost.resolution_ms, cost.stamp_ms) == (math.inf, 0.0)


def test_others_work_does_not_make_stamps_dear() -> None:
    every_trial_but_one = (TRIALS - 1) * (STAMPS + 1)
    cost = stamp_cost(clock_of_steps(lambda reading: 50 if reading > every_trial_but_one else 5_000))
    assert cost.stamp_ms == pytest.approx(50e-6)


def test_the_hosts_own_clock() -> None:
    cost = stamp_cost(HostClock())
    assert 0 < cost.stamp_ms < math.inf
    assert 0 < cost.resolution_ms < math.inf

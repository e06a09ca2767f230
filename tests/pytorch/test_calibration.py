"""Measuring limits, with workloads and a clock that the test turns by itself; and once for real, briefly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import pytest
import torch

from mbconv_cli.cost.roofline import Bandwidth, Limits
from mbconv_cli.errors import InputError
from mbconv_cli.measure.clock import HostClock
from mbconv_cli.pytorch import calibration
from mbconv_cli.pytorch.calibration import Workload, arithmetic, limits, sample, transfers

CPU = torch.device("cpu")
MS = 1_000_000  # ns


@dataclass
class FakeMachine:
    """A clock that stands still but for the time that calls take."""

    nanoseconds: int = 0
    calls: list[str] = field(default_factory=list)

    def clock(self) -> HostClock:
        return HostClock(lambda: self.nanoseconds)

    def now(self) -> float:
        return self.nanoseconds / 1e9

    def workload(self, name: str, milliseconds: Sequence[float], amount: int, working_set: int = 0) -> Workload:
        times: Iterator[float] = cycle(milliseconds)

        def call() -> None:
            self.calls.append(name)
            self.nanoseconds += round(next(times) * MS)

        return Workload(call, amount, working_set)


def test_a_rate_is_the_best_sample_of_a_turn() -> None:
    machine = FakeMachine()
    product = machine.workload("product", [1.0, 3.5], 2 * 10**9)  # 2 GFLOP in 1 ms are 2000 GFLOP/s
    rounds = sample([product], machine.clock(), now=machine.now)
    assert len(rounds) == calibration.MAX_ROUNDS
    assert all(rates == [pytest.approx(2_000)] for rates in rounds)


def test_short_calls_are_timed_many_at_a_time() -> None:
    machine = FakeMachine()
    copy = machine.workload("copy", [0.01], 10**6, 10**6)
    rates = sample([copy], machine.clock(), now=machine.now)
    assert all(rate == [pytest.approx(100)] for rate in rates)
    turn = calibration.TURN_MS / 0.01
    assert len(machine.calls) == 3 + calibration.MAX_ROUNDS * turn


def test_workloads_take_turns_until_the_time_is_over_but_at_least_some_rounds() -> None:
    machine = FakeMachine()
    slow = [machine.workload(name, [400.0], 1) for name in "ab"]
    told: list[float] = []
    rounds = sample(slow, machine.clock(), now=machine.now, progress=told.append)
    assert len(rounds) == calibration.MIN_ROUNDS
    assert machine.calls == ["a"] * 3 + ["b"] * 3 + ["a", "b"] * calibration.MIN_ROUNDS
    assert told == sorted(told)
    assert told[-1] == 1


def test_limits_are_the_best_of_all_workloads_and_rounds_by_working_set() -> None:
    sets = (0, 0, 20, 10, 10)
    workloads = [Workload(lambda: None, 1, working_set) for working_set in sets]
    found = limits(workloads, [[1.0, 2.0, 5.0, 7.0, 9.0], [4.0, 2.0, 5.0, 8.0, 6.0], [2.0, 1.0, 4.0, 8.0, 1.0]])
    assert found.gigaflops_per_second == 4
    assert found.bandwidths == (Bandwidth(10, 9), Bandwidth(20, 5))


def test_the_error_is_how_far_the_best_round_is_above_the_median_one() -> None:
    workloads = [Workload(lambda: None, 1, working_set) for working_set in (0, 10, 20, 30)]
    steady = [[10.0, 10.0, 10.0, 10.0], [10.0, 10.0, 10.0, 10.0], [11.0, 10.0, 10.0, 30.0]]
    assert limits(workloads, steady).error == pytest.approx(0.1), "that of arithmetic"
    noisy = [[10.0, 10.0, 10.0, 10.0], [10.0, 10.0, 10.0, 10.0], [10.0, 20.0, 12.0, 11.0]]
    assert limits(workloads, noisy).error == pytest.approx(0.2), "the median of those of the working sets"


@pytest.mark.parametrize(("milliseconds", "largest"), [(100.0, 1024), (4.0, 2048), (0.5, 4096)])
def test_products_grow_as_long_as_the_next_one_is_short(
    milliseconds: float, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product of 1024 takes so long, that of 2048 eight times so long, and so on."""
    machine = FakeMachine()

    def mm(a: torch.Tensor, _: torch.Tensor) -> None:
        machine.nanoseconds += round(milliseconds * (len(a) / 1024) ** 3 * MS)

    monkeypatch.setattr(torch, "mm", mm)
    made = list(arithmetic(torch.device("meta"), torch.float32, machine.clock()))
    assert max(workload.amount for workload in made) == 2 * largest**3
    assert {workload.working_set for workload in made} == {0}


def test_a_product_and_its_convolution_are_the_same_arithmetic() -> None:
    clock = HostClock()
    made = arithmetic(CPU, torch.float32, clock)
    product, convolution = next(made), next(made)
    assert product.amount == convolution.amount
    with torch.inference_mode():
        a, b = product.call(), convolution.call()
    assert isinstance(a, torch.Tensor)
    assert isinstance(b, torch.Tensor)
    torch.testing.assert_close(b.flatten(), a.flatten(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_transfer_moves_within_its_working_set(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "WORKING_SETS", (2**16, 2**17))
    made = list(transfers(CPU, dtype))
    assert [workload.working_set for workload in made] == [2**16] * 4 + [2**17] * 4
    assert {workload.amount / workload.working_set for workload in made} == {1, 2}
    with torch.inference_mode():
        for workload in made:
            workload.call()


def test_a_real_device_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "WORKING_SETS", (2**16,))
    monkeypatch.setattr(calibration, "PRODUCT_SIZES", (64,))
    monkeypatch.setattr(calibration, "MAX_SECONDS", 1e-9)
    found: Limits = calibration.calibrate(CPU, torch.float32)
    assert found.gigaflops_per_second > 0
    assert [size for size, rate in found.bandwidths if rate > 0] == [2**16]
    assert found.error >= 0


def test_a_device_without_the_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "WORKING_SETS", (10**15,))
    monkeypatch.setattr(calibration, "PRODUCT_SIZES", ())
    with pytest.raises(InputError, match="the memory of cpu ran out"):
        calibration.calibrate(CPU, torch.float32)

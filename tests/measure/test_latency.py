"""The two interleaved passes, with a clock and a time that the test turns by itself."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat

import pytest

from mbconv_cli.machine.load import Load, Moment
from mbconv_cli.measure import latency
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import HostTimes
from mbconv_cli.measure.latency import Measurement, Stamp, measure

OPS = 3
LONG = Budget(precision=0.0, min_seconds=0.0, max_seconds=1e9, min_rounds=1, warm_up_seconds=1e9)


@dataclass
class FakeBench:
    """A device, its clock and the wall clock in one: every pass takes the next of the given times, in seconds.

    Attributes:
        plain: seconds of the plain passes, one after the other; the last is repeated.
        stamped: likewise, of the stamped passes.
        passes: what was run, `p` a plain pass and `s` a stamped one.
    """

    plain: Iterator[float]
    stamped: Iterator[float]
    passes: list[str] = field(default_factory=list)
    wall: float = 100.0
    stamps: list[float] = field(default_factory=list)

    def run(self, stamp: Stamp | None) -> None:
        self.passes.append("p" if stamp is None else "s")
        if stamp is None:
            self.wall += next(self.plain)
            return
        seconds = next(self.stamped)
        for _ in range(OPS):
            self.wall += seconds / OPS
            stamp()

    def start(self) -> None:
        self.stamps = [self.wall]

    def stamp(self) -> None:
        self.stamps.append(self.wall)

    def finish(self) -> list[float]:
        return [1_000 * (after - before) for before, after in zip(self.stamps, self.stamps[1:], strict=False)]

    def host_times(self) -> HostTimes | None:
        return None  # the stamps are the host's

    def now(self) -> float:
        return self.wall


def bench(plain: Sequence[float] = (1.0,), stamped: Sequence[float] = (1.0,)) -> FakeBench:
    return FakeBench(chain(plain, repeat(plain[-1])), chain(stamped, repeat(stamped[-1])))


def measured(fake: FakeBench, budget: Budget, progress: Callable[[float], None] = lambda _: None) -> Measurement:
    return measure(fake.run, fake, budget, now=fake.now, progress=progress)


def test_each_kind_of_pass_is_first_in_every_other_round() -> None:
    fake = bench()
    result = measured(fake, replace(LONG, precision=1.0, min_rounds=4))
    assert "".join(fake.passes[2 * result.warm_up :]) == "ps" + "sp" + "ps" + "sp"


def test_samples_are_the_times_of_the_passes_in_ms() -> None:
    fake = bench([2.0] * 8 + [2.0, 3.0], [3.0] * 8 + [6.0, 9.0])
    result = measured(fake, replace(LONG, precision=10.0, min_rounds=2))
    assert result.end_to_end == pytest.approx([2_000, 3_000])
    assert result.layers == [pytest.approx([2_000] * OPS), pytest.approx([3_000] * OPS)]


def test_warm_up_ends_when_four_passes_take_as_long_as_the_four_before() -> None:
    result = measured(bench(), replace(LONG, precision=1.0))
    assert (result.warm_up, result.steady) == (8, True)


def test_warm_up_goes_on_while_the_time_falls() -> None:
    falling = [10 * 0.9**index for index in range(20)]
    result = measured(bench([*falling, 1.0]), replace(LONG, precision=1.0))
    assert result.steady
    assert 20 < result.warm_up <= 28


def test_warm_up_looks_at_longer_stretches_the_longer_it_takes() -> None:
    slowly = [0.001 * 0.99**index for index in range(400)]  # four passes are but 4 % faster than the four before
    result = measured(bench([*slowly, slowly[-1]], [0.001]), replace(LONG, precision=1.0))
    assert result.steady
    assert 400 < result.warm_up < 500


def test_warm_up_takes_its_shortest_time_however_steady() -> None:
    result = measured(bench(), replace(LONG, precision=1.0, least_warm_up_seconds=39.0))
    assert (result.warm_up, result.steady) == (20, True)  # rounds of 2 s


def test_warm_up_ends_at_its_bound_and_says_that_it_was_not_steady() -> None:
    falling = [10 * 0.9**index for index in range(100)]
    result = measured(bench(falling), replace(LONG, precision=1.0, warm_up_seconds=30))
    assert not result.steady
    assert result.warm_up == 3  # 10 + 1, 9 + 1 and 8.1 + 1 s: over 30 s after three


def test_warm_up_is_two_passes_at_least_however_slow() -> None:
    result = measured(bench([50.0]), replace(LONG, precision=1.0, warm_up_seconds=1))
    assert (result.warm_up, result.steady) == (2, False)


def test_passes_too_short_for_the_clock_are_steady_and_end_at_the_longest_time() -> None:
    ticks = iter(range(10_000))
    fake = bench([0.0], [0.0])
    budget = replace(LONG, max_seconds=50.0)
    result = measure(fake.run, fake, budget, now=lambda: float(next(ticks)))
    assert result.steady
    assert set(result.end_to_end) == {0.0}


def test_sampling_stops_once_it_is_precise() -> None:
    result = measured(bench(), replace(LONG, precision=0.01))
    assert len(result.end_to_end) == 1


def test_sampling_goes_on_until_it_is_precise() -> None:
    noisy = [1.0] * 8 + [1.0, 2.0] * 3 + [1.5]
    result = measured(bench(noisy), replace(LONG, precision=0.01, min_rounds=6))
    assert len(result.end_to_end) > 6
    ordered = sorted(result.end_to_end)
    assert ordered[len(ordered) // 2] == pytest.approx(1_500)


def test_sampling_takes_the_fewest_rounds_however_precise_and_however_long() -> None:
    result = measured(bench([5.0]), replace(LONG, precision=1.0, min_rounds=7, max_seconds=1.0))
    assert len(result.end_to_end) == len(result.layers) == 7


def test_sampling_takes_the_shortest_time_however_precise() -> None:
    result = measured(bench([1.0], [1.0]), replace(LONG, precision=1.0, min_seconds=9.0))
    assert len(result.end_to_end) == 5  # rounds of 2 s


def test_sampling_stops_at_the_longest_time_however_imprecise() -> None:
    noisy = [1.0] * 8 + [1.0, 9.0] * 100
    result = measured(bench(noisy), replace(LONG, max_seconds=16.0 + 40.0, min_rounds=2))
    assert len(result.end_to_end) == 8  # 16 s to warm up; then 2 s and 10 s in turn: 38 s after seven, 48 s after eight


def test_seconds_are_those_of_warm_up_and_sampling() -> None:
    fake = bench()
    result = measured(fake, replace(LONG, precision=1.0, min_rounds=3))
    assert result.seconds == pytest.approx(len(fake.passes))


@pytest.mark.parametrize(("counts", "a_pass"), [((100, 148), 2.0), ((None, None), None)])
def test_page_faults_are_those_of_a_pass(
    counts: tuple[int | None, ...], a_pass: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "page_faults", iter(counts).__next__)
    bench = FakeBench(repeat(0.1), repeat(0.1))
    result = measure(bench.run, bench, replace(LONG, precision=1.0, min_rounds=12), now=lambda: bench.wall)
    assert (len(result.end_to_end), len(result.layers)) == (12, 12)
    assert result.page_faults == a_pass


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    noisy = [1.0] * 8 + [1.0, 3.0] * 10
    measured(bench(noisy), replace(LONG, max_seconds=16.0 + 20.0, min_rounds=4), told.append)
    assert told == sorted(told)
    assert told[0] == pytest.approx(0.1)
    assert told[-1] == 1.0


def test_progress_knows_of_an_early_end_once_it_is_precise() -> None:
    told: list[float] = []
    measured(bench(), replace(LONG, precision=0.01, min_rounds=4, min_seconds=20.0, max_seconds=216.0), told.append)
    assert told == pytest.approx([0.01, 0.02, 0.03, *(2 * rounds / 20 for rounds in range(4, 11))])


def test_progress_foresees_how_many_samples_the_precision_takes() -> None:
    told: list[float] = []
    generator = random.Random(1)
    noisy = [1.0] * 8 + [generator.uniform(0.8, 1.2) for _ in range(10_000)]
    result = measured(bench(noisy), replace(LONG, precision=0.02, min_rounds=12, max_seconds=1e6), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(result.end_to_end) > 100
    assert 0.3 < told[len(told) // 2] < 0.7


@pytest.mark.parametrize("rounds", [6, 7, 100])
@pytest.mark.parametrize("within", ["plain", "stamped"])
def test_an_interruption_ends_the_sampling_and_keeps_the_whole_passes(rounds: int, within: str) -> None:
    fake = bench()

    def run(stamp: Stamp | None) -> None:
        if len(fake.passes) >= 2 * (8 + rounds) and within == ("plain" if stamp is None else "stamped"):
            fake.stamp()
            raise KeyboardInterrupt
        fake.run(stamp)

    result = measure(run, fake, replace(LONG, min_rounds=1_000), now=fake.now)
    assert result.interrupted
    assert rounds <= len(result.layers) <= rounds + 1
    assert rounds <= len(result.end_to_end) <= rounds + 1
    assert result.end_to_end == pytest.approx([1_000.0] * len(result.end_to_end))
    assert all(len(times) == OPS for times in result.layers)
    assert gc.isenabled()


@pytest.mark.parametrize("passes", [0, 3, 16, 16 + 2 * 5])
def test_an_interruption_before_there_is_anything_to_tell_is_passed_on(passes: int) -> None:
    fake = bench()

    def run(stamp: Stamp | None) -> None:
        if len(fake.passes) == passes:
            raise KeyboardInterrupt
        fake.run(stamp)

    with pytest.raises(KeyboardInterrupt):
        measure(run, fake, replace(LONG, min_rounds=1_000), now=fake.now)
    assert gc.isenabled()


def test_a_measurement_that_came_to_its_end_was_not_interrupted() -> None:
    assert not measured(bench(), replace(LONG, precision=1.0)).interrupted


def test_host_times_are_those_of_the_plain_passes_alone() -> None:
    @dataclass
    class Accelerator(FakeBench):
        def host_times(self) -> HostTimes | None:
            return HostTimes(enqueue=float(len(self.passes)), wall=1_000.0 * self.wall)

    fake = Accelerator(repeat(1.0), repeat(1.0))
    result = measured(fake, replace(LONG, precision=1.0, min_rounds=3))
    assert [times.enqueue for times in result.host] == [17, 20, 21]  # behind 16 to warm up: p s, s p, p s
    assert measured(bench(), replace(LONG, precision=1.0)).host == []


def test_the_load_is_that_while_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = bench()
    monkeypatch.setattr(latency, "moment", lambda: Moment(fake.wall, len(fake.passes), None))
    result = measured(fake, replace(LONG, precision=1.0, min_rounds=3))
    assert result.load == Load(before=16, after=22)


def test_the_collector_is_off_while_passes_run_and_on_again_afterwards() -> None:
    seen: list[bool] = []
    fake = bench()

    def run(stamp: Stamp | None) -> None:
        seen.append(gc.isenabled())
        fake.run(stamp)

    measure(run, fake, replace(LONG, precision=1.0), now=fake.now)
    assert not any(seen)
    assert gc.isenabled()


def test_the_collector_is_on_again_after_an_error() -> None:
    def run(_: Stamp | None) -> None:
        raise RuntimeError("the device fell off")

    fake = bench()
    with pytest.raises(RuntimeError, match="fell off"):
        measure(run, fake, LONG, now=fake.now)
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        measured(bench(), replace(LONG, precision=1.0))
        assert not gc.isenabled()
    finally:
        gc.enable()

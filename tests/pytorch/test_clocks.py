"""Clocks: where stamps are taken, and what they are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest
import torch

from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import Clock, HostClock
from mbconv_cli.measure.latency import Stamp, measure
from mbconv_cli.pytorch.clocks import StreamClock, clock_for


def ticking(*stamps: int) -> Callable[[], int]:
    """A clock in ns that gives these stamps, and no more."""
    return iter(stamps).__next__


@dataclass
class FakeDevice:
    """A device that writes down what is asked of it; its time runs by 1 ms from record to record."""

    calls: list[str] = field(default_factory=list)
    time_ms: count[int] = field(default_factory=count)
    made: int = 0

    def new_event(self) -> FakeEvent:
        self.made += 1
        return FakeEvent(self, self.made)

    def synchronize(self) -> None:
        self.calls.append("synchronize")

    def clock(self) -> StreamClock:
        return StreamClock("the stream", self.new_event, self.synchronize)


@dataclass
class FakeEvent:
    device: FakeDevice
    number: int
    recorded_ms: int = -1

    def record(self, stream: str, /) -> None:
        assert stream == "the stream"
        self.recorded_ms = next(self.device.time_ms)
        self.device.calls.append(f"record {self.number}")

    def elapsed_time(self, end: FakeEvent, /) -> float:
        self.device.calls.append(f"elapsed {self.number} to {end.number}")
        return float(end.recorded_ms - self.recorded_ms)


@dataclass
class FakeStream:
    """A device that works on one kernel after the other, each as soon as it is there and the one before is done.

    Attributes:
        host_ms: the host's time; handing a kernel over takes some of it.
        free_ms: when the device will have done all it was given.
    """

    host_ms: float = 0.0
    free_ms: float = 0.0

    def launch(self, enqueue_ms: float, kernel_ms: float) -> None:
        self.host_ms += enqueue_ms
        self.free_ms = max(self.free_ms, self.host_ms) + kernel_ms

    def synchronize(self) -> None:
        self.host_ms = max(self.host_ms, self.free_ms)

    def clock(self) -> StreamClock:
        return StreamClock(self, StreamEvent, self.synchronize, lambda: round(1e6 * self.host_ms))


@dataclass
class StreamEvent:
    time_ms: float = -1.0

    def record(self, stream: FakeStream, /) -> None:
        self.time_ms = max(stream.free_ms, stream.host_ms)

    def elapsed_time(self, end: StreamEvent, /) -> float:
        return end.time_ms - self.time_ms


def one_pass(clock: Clock, ops: int) -> list[float]:
    clock.start()
    for _ in range(ops):
        clock.stamp()
    return clock.finish()


def test_host_times_are_those_between_neighbouring_stamps_in_ms() -> None:
    assert one_pass(HostClock(ticking(5, 1_000_005, 1_500_005, 4_500_005)), 3) == [1.0, 0.5, 3.0]


def test_host_times_add_up_to_the_pass() -> None:
    times = one_pass(HostClock(ticking(0, 7_000_000, 7_000_000, 20_000_000)), 3)
    assert sum(times) == 20.0


def test_a_host_pass_begins_anew() -> None:
    clock = HostClock(ticking(0, 1_000_000, 9_000_000, 11_000_000))
    assert one_pass(clock, 1) == [1.0]
    assert one_pass(clock, 1) == [2.0]


def test_host_pass_without_ops_has_no_times() -> None:
    assert one_pass(HostClock(ticking(0)), 0) == []


def test_stream_pass_is_synchronized_once_at_each_end_and_records_in_order() -> None:
    device = FakeDevice()
    assert one_pass(device.clock(), 3) == [1.0, 1.0, 1.0]
    assert device.calls == [
        "synchronize",
        "record 1",
        "record 2",
        "record 3",
        "record 4",
        "synchronize",
        "elapsed 1 to 2",
        "elapsed 2 to 3",
        "elapsed 3 to 4",
    ]


def test_stream_events_are_used_again_in_every_pass() -> None:
    device = FakeDevice()
    clock = device.clock()
    for ops in (3, 3, 1, 4):
        assert one_pass(clock, ops) == [1.0] * ops
    assert device.made == 5


def test_a_shorter_stream_pass_does_not_read_events_of_the_longer_one_before() -> None:
    device = FakeDevice()
    clock = device.clock()
    one_pass(clock, 3)
    device.calls.clear()
    one_pass(clock, 1)
    assert device.calls == ["synchronize", "record 1", "record 2", "synchronize", "elapsed 1 to 2"]


def test_the_host_has_no_other_times_than_its_stamps() -> None:
    clock = HostClock(ticking(0, 1_000_000))
    one_pass(clock, 1)
    assert clock.host_times() is None


@pytest.mark.parametrize(
    ("enqueue_ms", "kernel_ms", "device_ms", "enqueued_ms", "wall_ms"),
    [
        (1.0, 5.0, 51.0, 10.0, 51.0),  # the device is behind from the first kernel on
        (5.0, 1.0, 51.0, 50.0, 51.0),  # the device waits for every kernel
    ],
)
def test_device_time_and_wall_time_are_kept_apart(
    enqueue_ms: float, kernel_ms: float, device_ms: float, enqueued_ms: float, wall_ms: float
) -> None:
    stream = FakeStream()
    clock = stream.clock()
    stream.host_ms = 1_000.0
    clock.start()
    for _ in range(10):
        stream.launch(enqueue_ms, kernel_ms)
    clock.stamp()
    assert clock.finish() == [pytest.approx(device_ms)]
    times = clock.host_times()
    assert times is not None
    assert (times.enqueue, times.wall) == pytest.approx((enqueued_ms, wall_ms))


@pytest.mark.parametrize(("kernel_ms", "waits"), [(0.1, True), (10.0, False)])
def test_a_measurement_on_a_stream_shows_who_waits_for_whom(kernel_ms: float, waits: bool) -> None:
    stream = FakeStream()

    def run(stamp: Stamp | None) -> None:
        for _ in range(10):
            stream.launch(1.0, kernel_ms)
            if stamp is not None:
                stamp()

    budget = Budget(precision=1.0, min_seconds=0.0, min_rounds=6)
    result = measure(run, stream.clock(), budget, now=lambda: stream.host_ms / 1_000)
    assert len(result.host) == len(result.end_to_end) == 6
    for device_ms, host in zip(result.end_to_end, result.host, strict=True):
        assert device_ms == pytest.approx(10 + kernel_ms if waits else 1 + 10 * kernel_ms)
        assert (host.enqueue / device_ms > 0.9) == waits
    for times in result.layers:
        assert sum(times) == pytest.approx(10 + kernel_ms if waits else 1 + 10 * kernel_ms)


def test_work_before_a_pass_is_not_part_of_it() -> None:
    stream = FakeStream()
    clock = stream.clock()
    stream.launch(1.0, 500.0)
    clock.start()
    stream.launch(1.0, 2.0)
    clock.stamp()
    assert clock.finish() == [pytest.approx(3.0)]
    times = clock.host_times()
    assert times is not None
    assert times.wall == pytest.approx(3.0)


def test_the_cpu_has_the_hosts_clock() -> None:
    assert isinstance(clock_for(torch.device("cpu")), HostClock)


def test_an_accelerators_clock_records_into_the_stream_of_that_very_device(monkeypatch: pytest.MonkeyPatch) -> None:
    device, seen = torch.device("cuda:1"), list[str]()

    class Event:
        def __init__(self, *, device: torch.device, enable_timing: bool) -> None:
            assert enable_timing
            seen.append(f"event on {device}")

        def record(self, stream: str, /) -> None:
            seen.append(f"record into {stream}")

        def elapsed_time(self, _: Event, /) -> float:
            return 1.0

    monkeypatch.setattr(torch, "Event", Event)
    monkeypatch.setattr(torch.accelerator, "current_stream", lambda device: f"stream of {device}")
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: seen.append(f"synchronize {device}"))
    assert one_pass(clock_for(device), 1) == [1.0]
    assert seen == [
        "synchronize cuda:1",
        "event on cuda:1",
        "record into stream of cuda:1",
        "event on cuda:1",
        "record into stream of cuda:1",
        "synchronize cuda:1",
    ]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("index", range(max(1, torch.cuda.device_count())))
def test_a_real_streams_times_are_those_of_the_work_on_it(index: int) -> None:
    device = torch.device("cuda", index)
    matrix = torch.randn(4_096, 4_096, device=device)
    clock = clock_for(device)
    one_pass(clock, 2)
    clock.start()
    clock.stamp()
    for _ in range(20):
        matrix @ matrix
    clock.stamp()
    nothing, work = clock.finish()
    assert 0 <= nothing < work
    times = clock.host_times()
    assert times is not None
    assert 0 < times.enqueue < times.wall
    assert work < times.wall

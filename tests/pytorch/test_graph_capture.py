from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from mbconv_cli.pytorch.graph_capture import NotCapturableError, capture_graph, passes_of_replay

CUDA = torch.device("cuda:0")


class FakeCuda:
    """Records the order in which torch.cuda is called; what is captured runs at once, on the CPU."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refuses: Exception | None = None) -> None:
        self.calls: list[str] = []
        self.refuses = refuses
        fakes = {
            "device": self.device,
            "current_stream": lambda _: FakeStream("current", self.calls),
            "Stream": lambda _: FakeStream("side", self.calls),
            "stream": self.stream,
            "CUDAGraph": lambda: self,
            "graph": self.graph,
        }
        for name, fake in fakes.items():
            monkeypatch.setattr(torch.cuda, name, fake)

    @contextmanager
    def device(self, _: torch.device) -> Iterator[None]:
        yield

    @contextmanager
    def stream(self, stream: FakeStream) -> Iterator[None]:
        self.calls.append(f"on {stream.name} {{")
        try:
            yield
        finally:
            self.calls.append("}")

    @contextmanager
    def graph(self, _: FakeCuda) -> Iterator[None]:
        self.calls.append("capture {")
        if self.refuses:
            raise self.refuses
        yield
        self.calls.append("}")

    def replay(self) -> None:
        self.calls.append("replay")


class FakeStream:
    def __init__(self, name: str, calls: list[str]) -> None:
        self.name = name
        self._calls = calls

    def wait_stream(self, other: FakeStream) -> None:
        self._calls.append(f"{self.name} waits for {other.name}")


def test_a_graph_is_captured_after_passes_on_a_side_stream_and_then_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = FakeCuda(monkeypatch)
    graph = capture_graph(lambda: cuda.calls.append("pass"), CUDA, passes=2)
    assert cuda.calls == [
        "side waits for current",
        *("on side {", "pass", "pass", "pass", "}"),
        "current waits for side",
        *("on current {", "capture {", "pass", "pass", "}", "}"),
    ]
    cuda.calls.clear()
    graph()
    assert cuda.calls == ["replay"]


def test_what_torch_says_first_is_why_a_pass_cannot_be_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = RuntimeError("operation not permitted when stream is capturing\nCompile with `TORCH_USE_CUDA_DSA`")
    cuda = FakeCuda(monkeypatch, refused)
    with pytest.raises(NotCapturableError, match=r"^operation not permitted when stream is capturing$"):
        capture_graph(lambda: None, CUDA)
    assert cuda.calls[-3:] == ["on current {", "capture {", "}"], "the stream is the former one again"


def test_memory_that_runs_out_is_no_reason_to_measure_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCuda(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(torch.OutOfMemoryError):
        capture_graph(lambda: None, CUDA)


def test_other_devices_have_no_graphs() -> None:
    with pytest.raises(NotCapturableError, match="torch captures no graphs on cpu devices"):
        capture_graph(lambda: None, torch.device("cpu"))


@pytest.mark.parametrize(("ms", "passes"), [(1.0, 1), (0.05, 1), (0.025, 10), (0.0025, 100), (0.0001, 100), (0.0, 100)])
def test_a_short_pass_is_captured_several_times(ms: float, passes: int) -> None:
    assert passes_of_replay(ms) == passes


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_pass_that_waits_for_its_result_is_refused_and_the_device_works_on() -> None:
    ones = torch.ones(8, device=CUDA)
    with pytest.raises(NotCapturableError):
        capture_graph(lambda: ones.sum().item(), CUDA)
    assert (ones + 1).sum().item() == 16
    capture_graph(lambda: ones * 2, CUDA)()

"""A pass captured as one CUDA graph, whose replays ask nothing of the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch

WARM_UP: Final = 3
SHORT_MS: Final = 0.05
"""A pass shorter than that is captured several times in one graph: starting a replay takes some us itself."""
LONG_ENOUGH_MS: Final = 0.25
MOST_PASSES: Final = 100


class NotCapturableError(Exception):
    """A pass cannot be captured as a graph; says why."""


@dataclass(frozen=True, slots=True)
class CapturedGraph:
    """A graph, and what its passes returned, which lies in its own memory; calling it starts a replay."""

    graph: torch.cuda.CUDAGraph
    device: torch.device
    results: tuple[object, ...]

    def __call__(self) -> None:
        """Start a replay, and return at once."""
        with torch.cuda.device(self.device):  # a graph is replayed on the current device's stream
            self.graph.replay()


def capture_graph(run: Callable[[], object], device: torch.device, passes: int = 1) -> CapturedGraph:
    """A graph of so many passes, each the same as one call of `run`.

    As torch's notes on CUDA graphs require: some passes on a side stream first, so that libraries have chosen their
    algorithms, then the capture (pytorch.org/docs/stable/notes/cuda.html, "CUDA Graphs").

    Args:
        run: one pass, on tensors that stay in their places.
        device: of these.
        passes: in a replay.

    Raises:
        NotCapturableError: the device has no graphs, or the pass does what a graph cannot hold, such as waiting for a
            result.
    """
    if device.type != "cuda":
        raise NotCapturableError(f"torch captures no graphs on {device.type} devices")
    with torch.cuda.device(device):
        _warm_up(run, device)
        graph = torch.cuda.CUDAGraph()
        try:
            # A capture that fails leaves its own stream the current one: the outer context sets the former one again.
            with torch.cuda.stream(torch.cuda.current_stream(device)), torch.cuda.graph(graph):
                results = tuple(run() for _ in range(passes))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            raise NotCapturableError(_reason(error)) from error
    return CapturedGraph(graph, device, results)


def passes_of_replay(ms: float) -> int:
    """How many passes of so many ms a replay should have."""
    return min(MOST_PASSES, round(LONG_ENOUGH_MS / max(ms, LONG_ENOUGH_MS / MOST_PASSES))) if ms < SHORT_MS else 1


def _warm_up(run: Callable[[], object], device: torch.device) -> None:
    current, side = torch.cuda.current_stream(device), torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    side.wait_stream(current)
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            run()
    current.wait_stream(side)


def _reason(error: RuntimeError) -> str:
    """What torch says first about it, without the advice for its developers."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__

"""What the timeline of an accelerator says about a pass, beside its samples."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mbconv_cli.machine.gpu_state import GpuUse


class TimeSource(str, Enum):
    """What the figures of an accelerator are made of, the best first."""

    GRAPH = "replays of one CUDA graph"
    KERNELS = "kernel times of passes launched from Python"


@dataclass(frozen=True, slots=True)
class TimedKernel:
    """A kernel of a pass, in the order in which they run.

    Attributes:
        name: as the driver reports it.
        part: of a pass that it belongs to; None where no op launched it or it cannot be decided.
        ms: its mean time.
        grid: its blocks along x, y and z; empty for memsets and copies.
    """

    name: str
    part: int | None
    ms: float
    grid: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceTimes:
    """How a pass ran on an accelerator.

    Attributes:
        source: what the samples are made of.
        kernels: of one pass.
        traced_span_ms: from the first kernel's start to the last one's end, while traced.
        launched_ms: passes that Python launches op by op.
        launch_ms: the host's time for each op when Python launches the pass.
        obstacle: why it was not captured as a graph; empty where it was.
        uses: the device's clocks, power and energy meanwhile, where they can be read; one of each process.
    """

    source: TimeSource
    kernels: tuple[TimedKernel, ...]
    traced_span_ms: float
    launched_ms: tuple[float, ...]
    launch_ms: tuple[float, ...] = ()
    obstacle: str = ""
    uses: tuple[GpuUse, ...] = ()

    @property
    def unassigned(self) -> int:
        """How many kernels belong to no op, or to one that cannot be decided."""
        return sum(kernel.part is None for kernel in self.kernels)

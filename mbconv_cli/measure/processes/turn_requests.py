"""What a process of a comparison of whole networks measures, and what it finds. Needs no torch.

Networks take turns: a process measures some of them one after the other, each on its own, so that their memory need
not fit side by side; and every network is measured in several processes, each with other neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.statistics.control_variate import ProcessFigure
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network in a form of execution.

    Attributes:
        plan: before any folding.
        execution: in which form it is run.
        model: the exported ONNX file, where onnxruntime runs it.
        audited: what an audit of the Plan found, if there was one; else the process audits it.
    """

    plan: Plan
    execution: Execution
    model: Path | None = None
    audited: Audit | None = None


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What one process measures.

    Attributes:
        candidates: one after the other.
        device: where torch runs them.
        seconds: for each of them, at least; warm-up not counted.
        layers: whether stamped passes are wanted, too.
    """

    candidates: tuple[Candidate, ...]
    device: DeviceChoice
    seconds: float
    layers: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What one process found for one candidate.

    Attributes:
        latency_ms: the median of its plain passes.
        passes: how many there were.
        machine: torch's part of the fingerprint.
        reference_ms: the level of the reference workload beside them, where that runs.
        layers_ms: the midmean of every op of the Plan that is run, where that was requested.
        audit: the closed forms against fvcore, where this process compared them.
        launched_ms: on an accelerator, the median of passes that Python launches op by op.
    """

    latency_ms: float
    passes: int
    machine: dict[str, Cell] = field(default_factory=dict)
    reference_ms: float | None = None
    layers_ms: tuple[float, ...] = ()
    audit: Audit | None = None
    launched_ms: float | None = None

    @property
    def figure(self) -> ProcessFigure:
        """As statistics across processes take it."""
        return ProcessFigure(self.latency_ms, self.reference_ms)

"""What comes of running a Plan, in one process or in several. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mbconv_cli.machine.quiet_speed import QuietSpeed
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.report.model import Cell

NO_OP: Final = "kernels of no op"


def outside_of(measurement: Measurement) -> tuple[str, ...]:
    """The parts of a measured pass that are outside of every op: kernels on an accelerator, where there are such."""
    return (NO_OP,) if measurement.device and measurement.device.unassigned else ()


@dataclass(frozen=True, slots=True)
class Bench:
    """What came of running a Plan.

    Attributes:
        audit: the closed forms against fvcore.
        measurement: the samples. A stamped pass has the times of its ops one after the other; of the whole alone
            where the form has no layers; forward, then backward from the last op to the first, where it trains.
        machine: torch's part of the fingerprint.
        notes: what a reader should know of the form.
        both_ways: whether a stamped pass goes forward and backward.
        allocated_bytes: the most that the device's allocator gave to activations in a pass, where it reports that.
        outside: parts of a stamped pass that are outside of every op; their times stand behind all ops'.
        quiet: the machine's quiet speed, where a reference workload ran beside the passes.
        unfolded_ms: on an accelerator, a pass of the network with the batch norms that were folded.
    """

    audit: Audit
    measurement: Measurement
    machine: dict[str, Cell]
    notes: tuple[str, ...] = ()
    both_ways: bool = False
    allocated_bytes: int | None = None
    outside: tuple[str, ...] = ()
    quiet: QuietSpeed | None = None
    unfolded_ms: float | None = None

    @property
    def outside_parts(self) -> tuple[int, ...]:
        """Which times of a stamped pass are outside of every op."""
        count = len(self.measurement.layers[0])
        return tuple(range(count - len(self.outside), count))

    @property
    def has_layers(self) -> bool:
        """Whether the layers' times are their own: on an accelerator without a timeline they are those of launches."""
        if self.machine["device"] == "cpu":
            return True
        return self.measurement.device is not None and bool(self.measurement.layers)

    @property
    def launched_by_op(self) -> bool:
        """Whether Python launches ops one by one, on an accelerator; a compiled pass is one launch of many kernels."""
        times = self.measurement.device
        return times is not None and (len(times.launch_ms) > 1 or self.audit.ops == 1)

    def parts_of(self, ops: Sequence[int]) -> tuple[int, ...]:
        """Which times of a stamped pass belong to these ops, in all directions that there are."""
        return (*ops, *self.backward_parts_of(ops)) if self.both_ways else tuple(ops)

    def backward_parts_of(self, ops: Sequence[int]) -> tuple[int, ...]:
        """Which of them are the ops' ways back: these follow all ways there, in reverse order."""
        return tuple(2 * self.audit.ops - 1 - op for op in ops)

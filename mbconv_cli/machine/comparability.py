"""When two latencies may be compared at all: only if they were measured alike, on machines that are alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mbconv_cli.report.model import Cell

DECISIVE: Final = (
    "cpu",
    "architecture",
    "cores",
    "usable_cores",
    "instruction_set",
    "threads",
    "device",
    "device_name",
    "torch",
    "cuda",
    "tf32",
)
"""What the speed of a pass depends on, of all that is known of a machine. The kernel's release and Python's version are
not among it: they change often, and a pass spends little time in either."""

Fingerprint = dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """A condition that is not the same in two places."""

    condition: str
    first: Cell
    second: Cell


def fingerprint(machine: Mapping[str, Cell], **conditions: str | int | None) -> Fingerprint:
    """All that must agree before two latencies are compared.

    Args:
        machine: the host's fingerprint and torch's.
        conditions: how it was measured: dtype, batch size, ...
    """
    fields: Fingerprint = {}
    for key in DECISIVE:
        value = machine.get(key)
        assert value is None or isinstance(value, str | int)
        fields[key] = value
    return fields | conditions


def differences(first: Mapping[str, Cell], second: Mapping[str, Cell]) -> tuple[Difference, ...]:
    """The conditions that differ, in the order of the second one's; one that is missing is None."""
    keys = dict.fromkeys([*second, *first])
    return tuple(Difference(key, first.get(key), second.get(key)) for key in keys if first.get(key) != second.get(key))

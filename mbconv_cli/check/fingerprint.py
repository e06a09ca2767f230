"""When two latencies may be compared at all: only if they were measured alike, on machines that are alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.pytorch.devices import torch_fingerprint
from mbconv_cli.report.model import Cell

MACHINE_FIELDS: Final = (
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
)
WAY: Final[Mapping[str, str]] = {"dtype": "float32", "layout": "contiguous", "mode": "eval, eager"}
"""How this program measures; a later one may know other ways."""

Fingerprint = dict[str, str | int | None]


def fingerprint(machine: Mapping[str, Cell], batch_size: int) -> Fingerprint:
    """All that must agree, of the machine that was measured on and of the way.

    Args:
        machine: the host's fingerprint and torch's.
        batch_size: images in a batch.
    """
    fields: Fingerprint = {}
    for key in MACHINE_FIELDS:
        value = machine.get(key)
        assert value is None or isinstance(value, str | int)
        fields[key] = value
    return fields | {**WAY, "batch_size": batch_size}


def present_machine(device_text: str, threads: int | None) -> dict[str, Cell]:
    """The fingerprint that measuring here would have.

    Args:
        device_text: `cpu`, `cuda:0`, ...
        threads: on the CPU; torch's choice if absent.
    """
    machine = host_fingerprint() | torch_fingerprint(device_text)
    return machine | ({"threads": threads} if threads is not None else {})


def differing(old: Mapping[str, Cell], new: Mapping[str, Cell]) -> list[str]:
    """The fields that differ, each with both values: `threads (2, here 4)`."""
    keys = dict.fromkeys([*new, *old])
    return [f"{key} ({old.get(key)}, here {new.get(key)})" for key in keys if old.get(key) != new.get(key)]

"""The conditions under which a check measures: those that a stored latency must have been measured under, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mbconv_cli.machine.comparability import Fingerprint, fingerprint
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.machine.threads import thread_choice
from mbconv_cli.measure.execution import DEFAULT
from mbconv_cli.pytorch.devices import torch_fingerprint
from mbconv_cli.report.model import Cell

WAY: Final[Mapping[str, str]] = {"dtype": "float32", "layout": "contiguous", "mode": "eval, eager"}
"""How this program measures on every machine; a later one may know other ways."""


def conditions(machine: Mapping[str, Cell], batch_size: int) -> Fingerprint:
    """All that must agree, of the machine that was measured on and of the way.

    Args:
        machine: the host's fingerprint and torch's.
        batch_size: images in a batch.
    """
    return fingerprint(machine, **WAY, allocator=DEFAULT.memory.value, batch_size=batch_size)


def present_conditions(device_text: str, threads: int | None, batch_size: int) -> Fingerprint:
    """The conditions that measuring here would have.

    Args:
        device_text: `cpu`, `cuda:0`, ...
        threads: on the CPU; the default number if absent.
        batch_size: images in a batch.
    """
    machine = host_fingerprint() | torch_fingerprint(device_text, thread_choice(threads))
    return conditions(machine, batch_size)

"""Whether a network fits the memory of a device: checked before anything is allocated, and reported if it did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import torch

from mbconv_cli.errors import InputError
from mbconv_cli.machine.host_memory import available_host_bytes
from mbconv_cli.units import binary

ADVICE: Final = "take a smaller --batch-size or --resolution, or do not measure"

# What torch says on CUDA, MPS and XPU; on the CPU under Linux and macOS; on the CPU under Windows.
_OUT_OF_MEMORY: Final = ("out of memory", "can't allocate memory", "not enough memory")


def available_bytes(device: torch.device) -> int | None:
    """Memory that can still be allocated on a device, in bytes, or None where the device does not report it."""
    if device.type == "cpu":
        return available_host_bytes()
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return None


def require_memory(needed: int, device: torch.device, advice: str = ADVICE) -> None:
    """Refuse what cannot fit.

    Args:
        needed: bytes, at the least.
        device: where.
        advice: what the user can do.

    Raises:
        InputError: the device has not that much left.
    """
    available = available_bytes(device)
    if available is not None and needed > available:
        raise InputError(
            f"the network needs at least {binary(needed)} of memory for weights and activations, but {device} has "
            f"{binary(available)} left; {advice}"
        )


def allocated_peak(device: torch.device, run: Callable[[], object]) -> int | None:
    """The most bytes that were allocated on a device at once while something ran, beyond those before it.

    None where torch's allocator does not report it: on the CPU and on MPS.
    """
    backend = getattr(torch, device.type)
    if not hasattr(backend, "max_memory_allocated"):
        return None
    backend.synchronize(device)
    backend.reset_peak_memory_stats(device)
    before = backend.memory_allocated(device)
    result = run()
    backend.synchronize(device)
    most = int(backend.max_memory_allocated(device)) - int(before)
    del result
    return most


@contextmanager
def translate_memory_errors(device: torch.device) -> Iterator[None]:
    """Turn torch's various ways to say that memory ran out into one; other errors pass.

    Raises:
        InputError: the device's memory ran out inside.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and not any(sign in str(error) for sign in _OUT_OF_MEMORY):
            raise
        raise InputError(f"the memory of {device} ran out; {ADVICE}") from error

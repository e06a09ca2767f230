"""Whether a network fits the memory of a device: found out before anything is allocated, or told if it did not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import torch

from mbconv_cli.errors import InputError
from mbconv_cli.units import binary

ADVICE: Final = "take a smaller --batch-size or --resolution, or do not measure"

# What torch says on CUDA, MPS and XPU; on the CPU under Linux and macOS; on the CPU under Windows.
_OUT_OF_MEMORY: Final = ("out of memory", "can't allocate memory", "not enough memory")


class _ControlGroup(NamedTuple):
    """The files in which a control group tells its limit, and what it uses of it."""

    limit: str
    usage: str
    statistics: str


_CONTROL_GROUPS: Final = (
    _ControlGroup("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory.current", "sys/fs/cgroup/memory.stat"),
    _ControlGroup(
        "sys/fs/cgroup/memory/memory.limit_in_bytes",
        "sys/fs/cgroup/memory/memory.usage_in_bytes",
        "sys/fs/cgroup/memory/memory.stat",
    ),
)


def available_bytes(device: torch.device, *, root: Path = Path("/")) -> int | None:
    """Memory that can still be allocated on a device, in bytes, or None where nobody says.

    Args:
        device: where.
        root: the root of the file system, in which Linux tells of the host's memory.
    """
    if device.type == "cpu":
        known = [amount for amount in (_system(root), _control_group(root)) if amount is not None]
        return min(known, default=_physical())
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

    None where torch's allocator does not tell: on the CPU and on MPS.
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


def _system(root: Path) -> int | None:
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    available = fields.get("MemAvailable")
    return int(available.split()[0]) * 1024 if available else None


def _control_group(root: Path) -> int | None:
    for files in _CONTROL_GROUPS:
        try:
            limit, usage, statistics = ((root / file).read_text(encoding="ascii") for file in files)
        except OSError:
            continue
        return None if limit.strip() == "max" else max(int(limit) - int(usage) + _reclaimable(statistics), 0)
    return None


def _reclaimable(statistics: str) -> int:
    """Bytes of cached files: they count as used, but give way when memory is asked for.

    Version 1 tells the group's own and, as `total_...`, those of the groups inside it too, as its usage does.
    """
    fields = dict(line.split() for line in statistics.splitlines())
    return sum(int(fields.get(f"total_{key}", fields.get(key, 0))) for key in ("active_file", "inactive_file"))


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # no such figure on this system
        return None

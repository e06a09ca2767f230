"""Whether a network fits the memory of a device, found out before anything is allocated."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import torch

from mbconv_cli.errors import InputError
from mbconv_cli.units import binary

TAKE_LESS: Final = "take a smaller --batch-size or --resolution, or --no-latency"
_CGROUPS: Final = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available_bytes(device: torch.device) -> int | None:
    """Memory that can still be allocated on a device, in bytes, or None where nobody says."""
    if device.type == "cpu":
        known = [amount for amount in (_meminfo(), _cgroup()) if amount is not None]
        return min(known, default=_physical())
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return None


def demand_memory(needed: int, device: torch.device, advice: str = TAKE_LESS) -> None:
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


def _meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    available = fields.get("MemAvailable")
    return int(available.split()[0]) * 1024 if available else None


def _cgroup() -> int | None:
    for limit_file, usage_file in _CGROUPS:
        try:
            limit, usage = Path(limit_file).read_text(encoding="ascii"), Path(usage_file).read_text(encoding="ascii")
        except OSError:
            continue
        return None if limit.strip() == "max" else max(int(limit) - int(usage), 0)
    return None


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # no such figure on this system
        return None

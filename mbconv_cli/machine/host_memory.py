"""How much memory the host has left, within the limit of a control group."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple


class _ControlGroup(NamedTuple):
    """The files in which a control group states its limit and its usage."""

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


def available_host_bytes(root: Path = Path("/")) -> int | None:
    """Memory that can still be allocated, in bytes, or None where the system does not report it.

    Args:
        root: of the file system in which Linux reports it.
    """
    known = [amount for amount in (_system(root), _control_group(root)) if amount is not None]
    return min(known, default=_physical())


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
    """Bytes of cached files: they count as used, but are given up when memory is needed.

    Version 1 states the group's own and, as `total_...`, those of the groups inside it too, as its usage does.
    """
    fields = dict(line.split() for line in statistics.splitlines())
    return sum(int(fields.get(f"total_{key}", fields.get(key, 0))) for key in ("active_file", "inactive_file"))


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # no such figure on this system
        return None

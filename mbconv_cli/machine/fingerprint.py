"""The fingerprint of the machine that reports carry, so that two can be compared."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from mbconv_cli.report.model import Cell


def host_fingerprint() -> dict[str, Cell]:
    """What is known of the host without torch."""
    return {
        "os": f"{platform.system()} {platform.release()}",
        "cpu": cpu_model(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "usable_cores": len(usable_cores()),
        "python": platform.python_version(),
    }


def host_name() -> str:
    """What the host is called, for people; names need not be unique."""
    return platform.node() or "localhost"


def system_identity() -> str:
    """The same for all processes of a running system, also in containers: Linux's boot id, or else the host's name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return host_name()


def usable_cores() -> frozenset[int]:
    """The cores that this process may run on (its affinity), by number; all where the system sets no such bounds."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def load_average() -> float | None:
    """Processes that wanted a core in the last minute, on average, where the system reports it."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # no such figure on this system
        return None


def cpu_model() -> str:
    """The processor's model name, or else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()

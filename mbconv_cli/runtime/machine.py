"""The fingerprint of the machine that reports carry, so that two can be told comparable or not."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from mbconv_cli.report.model import Cell


def host_fingerprint() -> dict[str, Cell]:
    """What is known of the host without torch."""
    return {
        "os": f"{platform.system()} {platform.release()}",
        "cpu": _cpu_model(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "usable_cores": len(usable_cores()),
        "python": platform.python_version(),
    }


def torch_fingerprint(device_text: str) -> dict[str, Cell]:
    """What torch adds: its version, threads and instruction set, and the device.

    Args:
        device_text: `cpu`, `cuda:0`, ...
    """
    import torch

    from mbconv_cli.runtime.devices import device_name

    device = torch.device(device_text)
    return {
        "torch": str(torch.__version__),  # else a type of torch, which a process would need torch to read
        "cuda": torch.version.cuda,
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": str(device),
        "device_name": device_name(device) or _cpu_model(),
    }


def usable_cores() -> frozenset[int]:
    """The cores that this process may run on (its affinity), by number; all where the system sets no such bounds."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def load_average() -> float | None:
    """Processes that wanted a core in the last minute, on the average, where the system tells."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # no such figure on this system
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()

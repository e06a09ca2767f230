"""How many threads compute on the CPU: the one place that decides, for profiles, comparisons and checks alike.

The default depends on the machine alone and not on what else runs on it at the moment, since figures of different
numbers of threads are different quantities: two runs of a command must not choose differently.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mbconv_cli.machine.fingerprint import usable_cores

MOST_THREADS: Final = 8
"""At batch 1, efficientnet-b0 took 14.5 +-0.5 ms with 8 threads and 17.4 +-1.3 ms with 16 on sixteen virtual cores."""


@dataclass(frozen=True, slots=True)
class ThreadChoice:
    """A number of threads.

    Attributes:
        count: of threads.
        reason: where the number comes from, for a report.
    """

    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class CpuBounds:
    """What bounds the number of threads.

    Attributes:
        cores: physical cores that this process may run on.
        quota: cores' worth of time that a control group allows; None without a limit.
        stated: by the environment variable OMP_NUM_THREADS.
    """

    cores: int
    quota: float | None = None
    stated: int | None = None


def thread_choice(requested: int | None, bounds: CpuBounds | None = None) -> ThreadChoice:
    """The number of threads that is requested, or else the default: one core is left to everything else.

    With a thread on every core, any other work on the machine stops one of them, and the others wait for it at the end
    of every op. On two shared cores one thread was four times as repeatable as two; and hardware threads of one core
    share its arithmetic units.

    Args:
        requested: by the user.
        bounds: of this machine if absent.
    """
    if requested is not None:
        return ThreadChoice(requested, "as requested")
    bounds = bounds or cpu_bounds()
    if bounds.stated is not None:
        return ThreadChoice(bounds.stated, "as OMP_NUM_THREADS says")
    if bounds.quota is not None and bounds.quota < bounds.cores:
        reason = f"a control group allows {bounds.quota:.3g} cores' time"
        return ThreadChoice(max(1, min(int(bounds.quota), MOST_THREADS)), reason)
    if bounds.cores == 1:
        return ThreadChoice(1, "there is one physical core")
    if bounds.cores - 1 > MOST_THREADS:
        return ThreadChoice(MOST_THREADS, f"more of the {bounds.cores} physical cores bring little and repeat worse")
    return ThreadChoice(bounds.cores - 1, f"one of {bounds.cores} physical cores is left to other work")


def cpu_bounds(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> CpuBounds:
    """What bounds the number of threads on this machine.

    Args:
        root: of the file system in which Linux describes it.
        environment: the environment variables.
    """
    return CpuBounds(physical_cores(usable_cores(), root), _quota(root), _stated(environment))


def physical_cores(cores: Iterable[int], root: Path = Path("/")) -> int:
    """How many physical cores these hardware threads are on; as many as they are where the system does not say."""
    return len({_siblings(core, root) for core in cores})


def _siblings(core: int, root: Path) -> str:
    """The hardware threads on a core's physical core, as Linux lists them; the core's own number where unknown."""
    try:
        file = root / f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return str(core)


def _quota(root: Path) -> float | None:
    """Cores' worth of time that a control group of version 2 or 1 allows, by its quota in a period."""
    group = root / "sys/fs/cgroup"
    try:
        quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            files = (group / "cpu" / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
            quota, period = (file.read_text(encoding="ascii").strip() for file in files)
        except (OSError, ValueError):
            return None
    if not quota.isdecimal() or not period.isdecimal() or not int(period):  # `max` and -1 are no limit
        return None
    return int(quota) / int(period)


def _stated(environment: Mapping[str, str]) -> int | None:
    """OMP_NUM_THREADS, whose first figure counts where it is a list, one for each level of nesting."""
    text = environment.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(text) if text.isdecimal() and int(text) else None

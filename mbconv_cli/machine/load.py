"""How busy the machine was with other work while something was measured, as far as the system reports it."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mbconv_cli.machine.fingerprint import load_average, usable_cores

BUSY_SHARE: Final = 0.1
"""Of the usable cores' time: what is measured while others take as much is not to be trusted."""

# Columns of a core's line in /proc/stat (proc_stat(5)); what guests take is within `user` and `nice`.
_BUSY_COLUMNS: Final = (0, 1, 2, 5, 6)  # user, nice, system, irq, softirq
_STOLEN_COLUMN: Final = 7
# A core's line is a count of ticks, a process's time is exact: they may differ so much, as a share and in s.
_TOLERANCE: Final = 0.1
_TOLERANCE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class CoreTimes:
    """What the usable cores had done until a moment, in s of one core.

    Attributes:
        busy: work of any process.
        stolen: kept waiting by the host that runs this machine.
        own: work of this process.
    """

    busy: float
    stolen: float
    own: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What the system reports at one moment; None where it does not."""

    seconds: float
    load_average: float | None
    cores: CoreTimes | None


@dataclass(frozen=True, slots=True)
class Load:
    """What else happened on the machine between two moments; None where the system does not report it.

    Attributes:
        before: the load average at the first moment: it looks back over a minute.
        after: the load average at the last moment.
        others_share: of the usable cores' time, what other processes took.
        stolen_share: of the usable cores' time, what the host that runs this machine kept.
    """

    before: float | None = None
    after: float | None = None
    others_share: float | None = None
    stolen_share: float | None = None

    @property
    def taken_share(self) -> float | None:
        """What was taken from this process, by others and by the host."""
        if self.others_share is None or self.stolen_share is None:
            return None
        return self.others_share + self.stolen_share


def moment() -> Moment:
    """Now."""
    return Moment(time.monotonic(), load_average(), _core_times())


def load_between(first: Moment, last: Moment) -> Load:
    """What else the machine did from one moment to the other."""
    seconds = (last.seconds - first.seconds) * len(usable_cores())
    if first.cores is None or last.cores is None or seconds <= 0:
        return Load(first.load_average, last.load_average)
    busy = last.cores.busy - first.cores.busy
    own = last.cores.own - first.cores.own
    if busy < (1 - _TOLERANCE) * own - _TOLERANCE_SECONDS:  # figures that leave out this very process are useless
        return Load(first.load_average, last.load_average)
    others, stolen = max(busy - own, 0.0), last.cores.stolen - first.cores.stolen
    return Load(first.load_average, last.load_average, min(others / seconds, 1.0), min(stolen / seconds, 1.0))


def core_seconds(text: str, cores: Collection[int], ticks_per_second: int) -> tuple[float, float] | None:
    """The time that some cores were busy, and that was stolen from them, in s.

    Args:
        text: of /proc/stat.
        cores: which ones.
        ticks_per_second: the unit of its figures.

    Returns:
        None if the text does not have all of them.
    """
    lines = {name: ticks for name, *ticks in (line.split() for line in text.splitlines() if line.startswith("cpu"))}
    try:
        figures = [[int(ticks) for ticks in lines[f"cpu{core}"]] for core in cores]
        busy = sum(ticks[column] for ticks in figures for column in _BUSY_COLUMNS)
        stolen = sum(ticks[_STOLEN_COLUMN] for ticks in figures)
    except (KeyError, IndexError, ValueError):
        return None
    return busy / ticks_per_second, stolen / ticks_per_second


def _core_times() -> CoreTimes | None:
    try:
        text = Path("/proc/stat").read_text(encoding="utf-8")
        ticks_per_second = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):  # no such figures on this system
        return None
    seconds = core_seconds(text, usable_cores(), ticks_per_second)
    return None if seconds is None else CoreTimes(*seconds, own=time.process_time())

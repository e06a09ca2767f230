"""How near does every layer come to what the machine can do at best, and which limit holds it back?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import FLOPS, MACS
from mbconv_cli.analysis.grouping import Group
from mbconv_cli.analysis.view import number
from mbconv_cli.cost.counts import Cost
from mbconv_cli.cost.roofline import Bound, LeastTime, Limits, least_time
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Better, Cell, Column, Kind, Priority, Report, Row, Section
from mbconv_cli.units import (
    BYTE,
    FLOP_PER_BYTE,
    FRACTION,
    GIGA,
    GIGABYTE_PER_SECOND,
    GIGAFLOP_PER_SECOND,
    MICROSECONDS_PER_MILLISECOND,
    MILLISECOND,
    MILLISECONDS_PER_SECOND,
    binary,
)

if TYPE_CHECKING:
    from mbconv_cli.machine.kept_limits import Calibration

INTENSITY: Final = Column("intensity", FLOP_PER_BYTE, Kind.EXACT, priority=Priority.DERIVED)
ROOFLINE: Final = Column("roofline_ms", MILLISECOND, Kind.MEASURED, priority=Priority.DERIVED)
ROOFLINE_SHARE: Final = Column("roofline_share", FRACTION, Kind.MEASURED, Better.HIGHER)
ROOFLINE_COLUMNS: Final = (INTENSITY, ROOFLINE, ROOFLINE_SHARE, Column("bound"))
LIMIT_COLUMNS: Final = (
    Column("name"),
    Column("working_set", BYTE, priority=Priority.DERIVED),
    Column("gigaflops_per_second", GIGAFLOP_PER_SECOND, Kind.MEASURED, Better.HIGHER),
    Column("gigabytes_per_second", GIGABYTE_PER_SECOND, Kind.MEASURED, Better.HIGHER),
)
NAMED_IN_A_WARNING: Final = 5
TELLING_EXCESS: Final = 0.05
MOST: Final = 0.5


@dataclass(frozen=True, slots=True)
class Roofline:
    """A profile against a machine's limits.

    Attributes:
        plan: whose ops were measured.
        calibration: the limits, and their origin.
        times: the least time of each op.
        latencies: the measured time of each op, in ms.
    """

    plan: Plan
    calibration: Calibration
    times: Sequence[LeastTime]
    latencies: Sequence[float]

    def beside(self, rows: Sequence[Row], groups: Sequence[Group]) -> list[Row]:
        """Each row, with FLOPs, bytes and latency, and its share of the roofline; rows of no op have none."""
        held = [{**row, **_cells(row, self._of(group))} for row, group in zip(rows, groups, strict=False)]
        return [*held, *rows[len(groups) :]]

    def reported_in(self, report: Report, rows: Sequence[Row], groups: Sequence[Group]) -> Report:
        """The report with the limits as a section, and what they explain in its notes."""
        limits = self.calibration.limits
        notes = [_origin(self.calibration), *self._warnings()]
        rows = rows[: len(groups)]
        if all("macs_share" in row for row in rows):
            times = [self._of(group) for group in groups]
            notes += why(rows, times, limits)
        return replace(
            report,
            sections={**report.sections, "limits": _limits_section(limits)},
            notes=(*report.notes, *notes),
        )

    def faster_than_allowed(self) -> list[str]:
        """The names of the ops that took less than their least time, by more than the error of the limits.

        What launches no kernel takes no time on an accelerator, and is none of them.
        """
        error = self.calibration.limits.error
        pairs = zip(self.plan.ops, self.times, self.latencies, strict=True)
        return [op.name for op, least, latency in pairs if 0 < latency * (1 + error) < least.ms]

    def _of(self, group: Group) -> list[LeastTime]:
        return [self.times[index] for index in group.ops]

    def _warnings(self) -> list[str]:
        faster = self.faster_than_allowed()
        if not faster:
            return []
        more = f" and {len(faster) - NAMED_IN_A_WARNING} more" if len(faster) > NAMED_IN_A_WARNING else ""
        names = ", ".join(faster[:NAMED_IN_A_WARNING])
        return [
            (
                f"warning: faster than the roofline allows by more than its error: {names}{more}; if the machine was "
                "busy when its limits were measured, --recalibrate finds higher ones"
            )
        ]


def least_times(
    plan: Plan,
    costs: Sequence[Cost],
    limits: Limits,
    *,
    batch_size: int,
    element_size: int,
    kernels: Sequence[int] | None = None,
) -> tuple[LeastTime, ...]:
    """The least time of every op of a Plan for a batch.

    Args:
        plan: whose ops.
        costs: of each op, for one image.
        limits: of the machine.
        batch_size: images in a batch.
        element_size: bytes of an element.
        kernels: how many each op ran on an accelerator; one if absent.
    """
    return tuple(
        least_time(op, cost, limits, batch_size=batch_size, element_size=element_size, kernels=count)
        for op, cost, count in zip(plan.ops, costs, kernels or [1] * len(plan.ops), strict=True)
    )


def _cells(row: Row, times: Sequence[LeastTime]) -> dict[str, Cell]:
    least, latency, moved = _least_ms(times), number(row, "latency_ms"), number(row, "bytes")
    return {
        INTENSITY.key: number(row, FLOPS.key) / moved if moved else 0.0,
        ROOFLINE.key: least,
        ROOFLINE_SHARE.key: least / latency if latency else 0.0,
        "bound": _bound(times),
    }


def _least_ms(times: Iterable[LeastTime]) -> float:
    return math.fsum(time.ms for time in times)


def _bound(times: Sequence[LeastTime]) -> Bound:
    """The limit that most of the least time is due to."""
    bounds: tuple[Bound, ...] = ("memory", "compute", "kernel floor")
    return max(bounds, key=lambda bound: _least_ms(time for time in times if time.bound == bound))


def _limits_section(limits: Limits) -> Section:
    """What the machine can do at best, as measured."""
    rows: list[Row] = [{"name": "compute", "gigaflops_per_second": limits.gigaflops_per_second}]
    if limits.kernel_ms:
        rows.append({"name": "kernel floor", "kernel_ms": limits.kernel_ms})
    for size, rate in limits.bandwidths:
        rows.append({"name": f"memory, {binary(size)}", "working_set": size, "gigabytes_per_second": rate})
    floor = (Column("kernel_ms", MILLISECOND, Kind.MEASURED, Better.LOWER),) if limits.kernel_ms else ()
    return Section((*LIMIT_COLUMNS, *floor), tuple(rows))


def _origin(calibration: Calibration) -> str:
    """How high the limits are, how certain, and how they came about."""
    limits = calibration.limits
    largest, slow = limits.bandwidths[-1]
    least = f", and a kernel takes at least {MICROSECONDS_PER_MILLISECOND * limits.kernel_ms:.2g} us"
    floor = least if limits.kernel_ms else ""
    fast = max(bandwidth.gigabytes_per_second for bandwidth in limits.bandwidths)
    return (
        f"roofline: at most {limits.gigaflops_per_second:.4g} GFLOP/s, and {fast:.3g} GB/s within caches to "
        f"{slow:.3g} GB/s within {binary(largest)}{floor}; known within "
        f"{100 * limits.error:.1f} %; {calibration.origin}"
    )


def why(rows: Sequence[Row], groups: Sequence[Sequence[LeastTime]], limits: Limits) -> list[str]:
    """Why some rows take a much larger share of the time than of the MACs, in a sentence each."""
    return [
        _sentence(row, times, limits)
        for row, times in zip(rows, groups, strict=True)
        if number(row, "latency_share") - number(row, "macs_share") > TELLING_EXCESS
    ]


def _sentence(row: Row, times: Sequence[LeastTime], limits: Limits) -> str:
    macs = f"{100 * number(row, 'macs_share'):.1f} %" if row[MACS.key] else "none"
    moving = math.fsum(time.memory_ms for time in times) / MILLISECONDS_PER_SECOND
    balance = limits.gigaflops_per_second * GIGA * moving / number(row, "bytes")
    reached = number(row, ROOFLINE_SHARE.key)
    only = "" if reached >= MOST else " only, so that most of its time goes neither into arithmetic nor into traffic"
    return (
        f"why: {row['name']} has {macs} of the MACs and {100 * number(row, 'latency_share'):.1f} % of the time: "
        f"{number(row, INTENSITY.key):.3g} FLOP/byte, where the machine balances at {balance:.3g}, so "
        f"{row['bound']} is its limit; it reaches {100 * reached:.1f} % of that limit{only}"
    )

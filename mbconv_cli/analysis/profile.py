"""What does every layer of a network cost? Exactly, and in measured milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import (
    ALIVE,
    BYTES,
    BYTES_SHARE,
    COSTS,
    FLOAT32_BYTES,
    FLOPS,
    LATENCY,
    LATENCY_SHARE,
    MACS,
    MACS_SHARE,
    PARAMS,
    PARAMS_SHARE,
    cost_cells,
    latency_cells,
)
from mbconv_cli.analysis.grouping import LABELS, By, Group, group_ops
from mbconv_cli.analysis.networks import OpenNetwork, provenance
from mbconv_cli.analysis.peak_memory import memory_notes
from mbconv_cli.analysis.roofline import ROOFLINE, ROOFLINE_COLUMNS, Roofline, least_times
from mbconv_cli.analysis.view import View, arranged, demand_column, number
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.cost.memory import alive_bytes
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell, Column, Report, Row, Section
from mbconv_cli.runtime.machine import host_fingerprint

if TYPE_CHECKING:
    from mbconv_cli.runtime.bench import Bench
    from mbconv_cli.runtime.calibration_cache import Calibration
    from mbconv_cli.runtime.devices import DeviceChoice
    from mbconv_cli.runtime.latency import Budget, Progress

NOT_MEASURED: Final = "not measured and not audited: --no-latency"
MEASURED: Final = (*LATENCY, LATENCY_SHARE)
SHARES: Final = (
    (PARAMS, PARAMS_SHARE),
    (MACS, MACS_SHARE),
    (BYTES, BYTES_SHARE),
    (LATENCY[0], LATENCY_SHARE),
)
ADDING_UP: Final = (*COSTS, PARAMS_SHARE, MACS_SHARE, BYTES_SHARE, LATENCY[0], LATENCY_SHARE, ROOFLINE)
COSTS_BY_ROLE: Final = (PARAMS, PARAMS_SHARE, MACS, MACS_SHARE, FLOPS, BYTES, BYTES_SHARE, ALIVE)


@dataclass(frozen=True, slots=True)
class LatencyRequest:
    """What to measure, and whom to tell how far it is."""

    device: DeviceChoice
    threads: int | None
    budget: Budget
    progress: Progress


def profile(
    network: OpenNetwork,
    *,
    batch_size: int = 1,
    view: View | None = None,
    latency: LatencyRequest | None = None,
    calibration: Calibration | None = None,
) -> Report:
    """The costs of one forward pass of a batch, per layer, block, stage or role.

    Args:
        network: what to profile.
        batch_size: images in the batch; MACs, FLOPs and bytes are those of the whole batch.
        view: which rows.
        latency: what to measure; nothing if absent.
        calibration: the limits of where it is measured, to compare what is measured with.

    Raises:
        InputError: the view names no column, or the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree; names the ops.
    """
    view = view or View()
    columns = _columns(view.by, measured=latency is not None, roofline=calibration is not None)
    demand_column(view.sort, columns, MEASURED)
    costs = plan_costs(network.plan)
    alive = alive_bytes(network.plan, batch_size, FLOAT32_BYTES)
    groups = group_ops(network.plan, view.by)
    rows = [_exact_row(group, costs, alive, batch_size) for group in groups]
    totals = cost_cells(total(costs), batch_size) | {"peak_bytes": max(alive)}
    subject = network.subject(batch_size) | {"dtype": "float32"}
    if latency is None:
        section = _section(columns, _with_shares(rows, columns), view)
        machine = provenance(network.spec, host_fingerprint())
        notes = (NOT_MEASURED, *memory_notes(network.plan, alive))
        return Report("profile", machine, subject, totals, {view.by.section: section}, notes)
    bench = _run(network, costs, batch_size, latency)
    rows = _with_shares(_timed(rows, groups, bench), columns)
    roofline = _roofline(network.plan, costs, batch_size, calibration, bench) if calibration else None
    if roofline is not None:
        rows = roofline.beside(rows, groups)
    sections = {view.by.section: _section(columns, rows, view)}
    report = _measured_report(network, subject, totals, sections, bench)
    report = replace(report, notes=(*report.notes, *memory_notes(network.plan, alive, bench.allocated_bytes)))
    return report if roofline is None else roofline.told_in(report, rows, groups)


def _measured_report(
    network: OpenNetwork,
    subject: dict[str, Cell],
    totals: dict[str, Cell],
    sections: dict[str, Section],
    bench: Bench,
) -> Report:
    from mbconv_cli.analysis.reconciliation import end_to_end, measurement_notes, reconcile

    totals |= {**latency_cells(end_to_end(bench)), "latency_samples": len(bench.measurement.end_to_end)}
    return Report(
        "profile",
        provenance(network.spec, host_fingerprint() | bench.machine, mode="eager"),
        subject,
        totals,
        sections | {"latency": reconcile(bench)},
        measurement_notes(bench),
    )


def _columns(by: By, *, measured: bool, roofline: bool) -> tuple[Column, ...]:
    """The columns of a row; shares of all costs by role, where there are few rows, else one share at the end."""
    costs = (*COSTS, ALIVE) if measured else (*COSTS, ALIVE, MACS_SHARE)
    return (
        *LABELS[by],
        *(COSTS_BY_ROLE if by is By.ROLE else costs),
        *(MEASURED if measured else ()),
        *(ROOFLINE_COLUMNS if roofline else ()),
    )


def _exact_row(group: Group, costs: Sequence[Cost], alive: Sequence[int], batch_size: int) -> Row:
    cells = cost_cells(total(costs[index] for index in group.ops), batch_size)
    return group.labels | cells | {ALIVE.key: max(alive[index] for index in group.ops)}


def _timed(rows: Sequence[Row], groups: Sequence[Group], bench: Bench) -> list[Row]:
    from mbconv_cli.analysis.reconciliation import group_latencies

    estimates = group_latencies(bench, [group.ops for group in groups])
    return [{**row, **latency_cells(estimate)} for row, estimate in zip(rows, estimates, strict=True)]


def _with_shares(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    """Each row with its shares of the sums of other columns, as far as the shares are columns."""
    wanted = [(figure.key, share.key) for figure, share in SHARES if share in columns]
    wholes = {key: sum(number(row, key) for row in rows) for key, _ in wanted}

    def shares(row: Row) -> dict[str, Cell]:
        return {share: number(row, key) / wholes[key] if wholes[key] else 0.0 for key, share in wanted}

    return [{**row, **shares(row)} for row in rows]


def _section(columns: Sequence[Column], rows: Sequence[Row], view: View) -> Section:
    return Section(tuple(columns), tuple(arranged(rows, view, [column for column in columns if column in ADDING_UP])))


def _roofline(plan: Plan, costs: Sequence[Cost], batch_size: int, calibration: Calibration, bench: Bench) -> Roofline:
    from mbconv_cli.analysis.reconciliation import group_latencies

    times = least_times(plan, costs, calibration.limits, batch_size=batch_size, element_size=FLOAT32_BYTES)
    singles = group_latencies(bench, [(index,) for index in range(len(plan.ops))])
    return Roofline(plan, calibration, times, [estimate.value for estimate in singles])


def _run(network: OpenNetwork, costs: Sequence[Cost], batch_size: int, request: LatencyRequest) -> Bench:
    from mbconv_cli.runtime.audit import failures
    from mbconv_cli.runtime.bench import run_plan

    bench = run_plan(
        network.plan,
        costs,
        device=request.device,
        batch_size=batch_size,
        threads=request.threads,
        budget=request.budget,
        progress=request.progress,
    )
    if not bench.audit.agrees:
        raise CheckFailedError(*failures(bench.audit))
    return bench

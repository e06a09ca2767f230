"""What does every layer of a network cost? Exactly, and in measured milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import COSTS, LATENCY, LATENCY_SHARE, MACS, cost_cells, latency_cells
from mbconv_cli.analysis.grouping import LABELS, By, Group, group_ops
from mbconv_cli.analysis.networks import OpenNetwork, provenance
from mbconv_cli.analysis.view import View, arranged, demand_column, number
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell, Column, Kind, Report, Row, Section
from mbconv_cli.runtime.execution import DEFAULT, Backend, Execution, demand_possible
from mbconv_cli.runtime.machine import host_fingerprint
from mbconv_cli.units import SHARE

if TYPE_CHECKING:
    from mbconv_cli.runtime.bench import Bench
    from mbconv_cli.runtime.devices import DeviceChoice
    from mbconv_cli.runtime.latency import Budget, Progress

NOT_MEASURED: Final = "not measured and not audited: --no-latency"
MACS_SHARE: Final = Column("macs_share", SHARE, Kind.EXACT)
MEASURED: Final = (*LATENCY, LATENCY_SHARE)
NO_COSTS: Final[dict[str, Cell]] = {column.key: 0 for column in COSTS}
"""Of what takes time outside of every op."""


@dataclass(frozen=True, slots=True)
class LatencyRequest:
    """What to measure, and whom to tell how far it is."""

    device: DeviceChoice
    budget: Budget
    progress: Progress


def profile(
    network: OpenNetwork,
    *,
    execution: Execution = DEFAULT,
    view: View | None = None,
    latency: LatencyRequest | None = None,
) -> Report:
    """The costs of one forward pass of a batch, per layer, block, stage or role.

    Args:
        network: what to profile.
        execution: in which form; MACs, FLOPs and bytes are those of the whole batch, bytes in its dtype.
        view: which rows.
        latency: what to measure; nothing if absent.

    Raises:
        InputError: the view names no column, or the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree; names the ops.
    """
    view = view or View()
    columns = _columns(view.by, measured=latency is not None)
    demand_column(view.sort, columns, MEASURED)
    demand_possible(execution)
    if view.by is By.LAYER and latency and execution.backend is Backend.ONNXRUNTIME:
        raise InputError("--by layer with --backend onnxruntime: it fuses layers; take --by block, stage or role")
    batch_size, element_size = execution.batch_size, execution.dtype.element_size
    costs = plan_costs(network.plan)
    groups = group_ops(network.plan, view.by)
    exact = [
        group.labels | cost_cells(total(costs[index] for index in group.ops), batch_size, element_size)
        for group in groups
    ]
    totals = cost_cells(total(costs), batch_size, element_size)
    bench = _run(network, costs, execution, latency) if latency else None
    rows = _timed(exact, groups, bench) if bench else _with_share(exact, MACS, MACS_SHARE)
    summed = [column for column in (*COSTS, MACS_SHARE, LATENCY[0], LATENCY_SHARE) if column.key in rows[0]]
    section = Section(columns, tuple(arranged(rows, view, summed)))
    subject = network.subject(batch_size) | {"dtype": execution.dtype.value}
    if bench is None:
        machine = provenance(network.spec, host_fingerprint())
        return Report("profile", machine, subject, totals, {view.by.section: section}, (NOT_MEASURED,))
    return _measured_report(network, subject, totals, {view.by.section: section}, execution, bench)


def _measured_report(
    network: OpenNetwork,
    subject: dict[str, Cell],
    totals: dict[str, Cell],
    sections: dict[str, Section],
    execution: Execution,
    bench: Bench,
) -> Report:
    from mbconv_cli.analysis.reconciliation import end_to_end, measurement_notes, reconcile

    totals |= {**latency_cells(end_to_end(bench)), "latency_samples": len(bench.measurement.end_to_end)}
    return Report(
        "profile",
        provenance(network.spec, host_fingerprint() | bench.machine, **execution.settings()),
        subject,
        totals,
        sections | {"latency": reconcile(bench)},
        measurement_notes(bench),
    )


def _columns(by: By, *, measured: bool) -> tuple[Column, ...]:
    return (*LABELS[by], *COSTS, *(MEASURED if measured else (MACS_SHARE,)))


def _timed(rows: Sequence[Row], groups: Sequence[Group], bench: Bench) -> list[Row]:
    from mbconv_cli.analysis.reconciliation import group_latencies

    outside = [(bench.audit.ops + index,) for index, _ in enumerate(bench.outside)]
    estimates = group_latencies(bench, [*(group.ops for group in groups), *outside])
    rows = [*rows, *({"name": name, **NO_COSTS} for name in bench.outside)]
    timed = [{**row, **latency_cells(estimate)} for row, estimate in zip(rows, estimates, strict=True)]
    return _with_share(timed, LATENCY[0], LATENCY_SHARE)


def _with_share(rows: Sequence[Row], figure: Column, share: Column) -> list[Row]:
    """Each row with its share of the column's sum."""
    whole = sum(number(row, figure.key) for row in rows)
    return [{**row, share.key: number(row, figure.key) / whole if whole else 0.0} for row in rows]


def _run(network: OpenNetwork, costs: Sequence[Cost], execution: Execution, request: LatencyRequest) -> Bench:
    from mbconv_cli.runtime.audit import failures

    bench = BACKENDS[execution.backend](network.plan, costs, execution, request)
    if not bench.audit.agrees:
        raise CheckFailedError(*failures(bench.audit))
    return bench


def _run_in_torch(plan: Plan, costs: Sequence[Cost], execution: Execution, request: LatencyRequest) -> Bench:
    from mbconv_cli.runtime.bench import run_plan

    return run_plan(
        plan, costs, device=request.device, execution=execution, budget=request.budget, progress=request.progress
    )


def _run_in_onnxruntime(plan: Plan, costs: Sequence[Cost], execution: Execution, request: LatencyRequest) -> Bench:
    from mbconv_cli.runtime.onnx_packages import demand_onnxruntime

    demand_onnxruntime(request.device)
    from mbconv_cli.runtime.onnx_bench import run_in_onnxruntime

    return run_in_onnxruntime(plan, costs, execution=execution, budget=request.budget, progress=request.progress)


BACKENDS: Final = {Backend.TORCH: _run_in_torch, Backend.ONNXRUNTIME: _run_in_onnxruntime}

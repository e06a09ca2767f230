"""The form of execution in a report: its subject, its notes, and the rows of each direction of a pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import COSTS, LATENCY, LATENCY_SHARE, latency_cells
from mbconv_cli.analysis.grouping import Group
from mbconv_cli.measure.execution import DEFAULT, Allocator, Backend, Execution, plan_to_run
from mbconv_cli.plan.op_kinds import BatchNorm
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.parallel_sums import parallel_sums
from mbconv_cli.plan.plan_rewrites import fold_norm, folded_norms
from mbconv_cli.report.model import Better, Cell, Column, Kind, Row, Section
from mbconv_cli.units import MILLISECOND, counted

if TYPE_CHECKING:
    from mbconv_cli.measure.bench_result import Bench

DIRECTIONS: Final = (
    Column("forward_ms", MILLISECOND, Kind.MEASURED, Better.LOWER),
    Column("backward_ms", MILLISECOND, Kind.MEASURED, Better.LOWER),
)
NO_COSTS: Final[dict[str, Cell]] = {column.key: 0 for column in COSTS}
"""Of what takes time outside of every op."""
OF_THE_LAYERS: Final = frozenset({"sum of layers", "difference", "slowdown by the stamps", "between kernels"})
"""Rows that say nothing where there are no layers."""


def latency_columns(execution: Execution) -> tuple[Column, ...]:
    """The measured columns of a row in this form: none where layers cannot be distinguished."""
    if not execution.by_layer:
        return ()
    return (*LATENCY, *(DIRECTIONS if execution.training else ()), LATENCY_SHARE)


def unmeasured_reason(execution: Execution, *, measured: bool) -> str:
    """Why rows have no latency."""
    if measured:
        return f"layers are not measured with --mode {execution.mode.value}"
    return "nothing is measured with --no-latency"


def timed_rows(rows: Sequence[Row], groups: Sequence[Group], bench: Bench) -> list[Row]:
    """Each row with the time of its ops, and one row more for each part of a pass that is outside of every op.

    In training both directions of the ops, and what they sum to.
    """
    from mbconv_cli.analysis.profile.reconciliation import group_latencies

    outside = [(part,) for part in bench.outside_parts]
    rows = [*rows, *({"name": name, **NO_COSTS} for name in bench.outside)]
    estimates = group_latencies(bench, [*(bench.parts_of(group.ops) for group in groups), *outside])
    timed: list[Row] = [{**row, **latency_cells(estimate)} for row, estimate in zip(rows, estimates, strict=True)]
    if not bench.both_ways:
        return timed
    ways = (
        group_latencies(bench, [group.ops for group in groups]),
        group_latencies(bench, [bench.backward_parts_of(group.ops) for group in groups]),
    )
    directed = [
        {**row, **{column.key: estimate.value for column, estimate in zip(DIRECTIONS, both, strict=True)}}
        for row, both in zip(timed[: len(groups)], zip(*ways, strict=True), strict=True)
    ]
    return [*directed, *timed[len(groups) :]]  # what is outside of every op is on no op's way


def latency_section(bench: Bench, execution: Execution) -> Section:
    """The passes compared, where there are layers."""
    from mbconv_cli.analysis.profile.device_report import reconcile_device
    from mbconv_cli.analysis.profile.reconciliation import reconcile

    section = reconcile_device(bench, execution.batch_size) if bench.measurement.device else reconcile(bench)
    if execution.by_layer and (bench.has_layers or bench.measurement.device):
        return section
    return Section(section.columns, tuple(row for row in section.rows if row["name"] not in OF_THE_LAYERS))


def form_subject(execution: Execution) -> dict[str, Cell]:
    """The dtype, and whatever else is not as usual."""
    usual = DEFAULT.settings()
    unusual = {
        key: value for key, value in execution.settings().items() if value != usual.get(key) and key != "threads"
    }
    return {"dtype": execution.dtype.value} | unusual


def kept_memory_note(execution: Execution, bench: Bench) -> list[str]:
    """That a pass reuses the memory of the one before it, where the C library was made to."""
    on_cpu = bench.machine["device"] == "cpu" and execution.backend is Backend.TORCH
    if not on_cpu or execution.memory is not Allocator.KEEP:
        return []
    kept = "allocator: memory that a pass frees is kept for the next one, as servers' allocators do"
    return [f"{kept}; --allocator system leaves it to the C library, as a plain script does, page faults included"]


def form_notes(plan: Plan, execution: Execution) -> tuple[str, ...]:
    """What this form does to the exact figures.

    Args:
        plan: before any folding.
        execution: the form.
    """
    if not execution.fold_norm:
        return ()
    folded, norms = len(folded_norms(plan)), sum(isinstance(op.kind, BatchNorm) for op in plan.ops)
    if execution.reparameterize:
        sums = counted(len(parallel_sums(fold_norm(plan))), "sum")
        ops = f"{len(plan_to_run(plan, execution).ops)} ops in place of {len(plan.ops)}"
        one_each = f"re-parameterization: {sums} of parallel convolutions are one convolution each, {ops}"
        return (f"{one_each}; all figures are those of the merged network, params too",)
    return (
        (
            f"norm: {folded} batch norms are part of the convolutions before them, which have a bias now, and "
            f"{norms - folded} stay; all figures are those of the folded network, params too"
        ),
    )

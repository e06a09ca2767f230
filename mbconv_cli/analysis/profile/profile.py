"""What does every layer of a network cost? Exactly, and in measured milliseconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import (
    ALIVE,
    BYTES_SHARE,
    COSTS,
    LATENCY,
    LATENCY_SHARE,
    MACS_SHARE,
    PARAMS_SHARE,
    cost_cells,
    estimate_cells,
    latency_cells,
)
from mbconv_cli.analysis.grouping import LABELS, By, Group, group_ops
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.profile.benches import LatencyRequest, run_benches
from mbconv_cli.analysis.profile.form_notes import (
    DIRECTIONS,
    form_notes,
    form_subject,
    kept_memory_note,
    latency_columns,
    latency_section,
    timed_rows,
    unmeasured_reason,
)
from mbconv_cli.analysis.profile.kernel_rows import COLUMNS as KERNEL_COLUMNS
from mbconv_cli.analysis.profile.kernel_rows import (
    LAUNCH,
    kernel_notes,
    kernel_section,
    require_kernels,
    require_launches,
    with_launches,
)
from mbconv_cli.analysis.profile.overview import balance_note, costliest, set_aside
from mbconv_cli.analysis.profile.peak_memory import memory_notes
from mbconv_cli.analysis.profile.profile_rows import COSTS_BY_ROLE, exact_rows, with_shares
from mbconv_cli.analysis.profile.roofline_section import ROOFLINE, ROOFLINE_COLUMNS, Roofline, least_times
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.analysis.view import View, arranged, require_column, require_rows_of_views
from mbconv_cli.cost.activation_memory import alive_bytes
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import DEFAULT, Backend, Execution, plan_to_run, require_possible
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell, Column, Report, Row, Section

if TYPE_CHECKING:
    from mbconv_cli.machine.kept_limits import Calibration
    from mbconv_cli.measure.bench_result import Bench

NOT_MEASURED: Final = "not measured and not audited: --no-latency"
MEASURED: Final = (*LATENCY, *DIRECTIONS, LATENCY_SHARE)
ADDING_UP: Final = (
    *COSTS, PARAMS_SHARE, MACS_SHARE, BYTES_SHARE, LATENCY[0], *DIRECTIONS, LATENCY_SHARE, ROOFLINE,
)  # fmt: skip


def profile(
    network: OpenNetwork,
    *,
    execution: Execution = DEFAULT,
    view: View | None = None,
    latency: LatencyRequest | None = None,
    calibration: Calibration | None = None,
) -> Report:
    """The costs of one pass of a batch, per layer, block, stage or role.

    Args:
        network: what to profile.
        execution: in which form; MACs, FLOPs and bytes are those of the whole batch, bytes in its dtype.
        view: which rows.
        latency: what to measure; nothing if absent.
        calibration: the limits of where it is measured, to compare what is measured with.

    Raises:
        InputError: the form is impossible, the view names no column, or the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree; names the ops. Or the form changes the outputs.
    """
    view = view or View()
    require_possible(network.plan, execution)
    require_rows_of_views(network.plan, view, execution)
    if view.by is By.LAYER and latency and execution.backend is Backend.ONNXRUNTIME:
        raise InputError("--by layer with --backend onnxruntime: it fuses layers; take --by block, stage or role")
    columns = _columns(view.by, execution, measured=latency is not None, roofline=calibration is not None)
    if view.by is By.KERNEL:
        columns = _kernel_columns(measured=latency is not None, roofline=calibration is not None)
    unmeasured = () if LATENCY_SHARE in columns else MEASURED
    require_column(view.sort, columns, unmeasured, unmeasured_reason(execution, measured=latency is not None))
    plan = plan_to_run(network.plan, execution)
    costs = plan_costs(plan)
    batch_size, element_size = plan.images(execution.batch_size), execution.dtype.element_size
    alive = alive_bytes(plan, batch_size, element_size)
    totals = cost_cells(total(costs), batch_size, element_size) | {"peak_bytes": max(alive)}
    bench = run_benches(network.plan, costs, execution, (execution.batch_size,), latency)[0] if latency else None
    has_layers = bench is not None and bench.has_layers
    roofline = _roofline(plan, costs, execution, calibration, bench) if calibration and bench and has_layers else None
    if bench and view.by is By.KERNEL:
        require_kernels(bench)
    if bench and execution.by_layer:
        _require_known(bench, view, roofline=calibration is not None)
    if bench and view.launches:
        require_launches(bench)
    profiled = _Profiled(plan, costs, alive, execution, bench, roofline, view.depth, view.launches)
    rows, groups = profiled.rows(view.by)
    sections = _sections(profiled, view, rows)
    subject = network.subject(execution.batch_size) | form_subject(execution)
    memory = memory_notes(plan, alive, bench.allocated_bytes if bench else None, training=execution.training)
    notes = (*network.plan.remarks, *form_notes(network.plan, execution))
    if bench is None:
        machine = provenance(network, host_fingerprint())
        return Report("profile", machine, subject, totals, sections, (NOT_MEASURED, *notes, *memory))
    report = _measured_report(network, subject, totals, sections, execution, bench, notes, view)
    report = replace(report, notes=(*report.notes, *memory))
    return roofline.reported_in(report, rows, groups) if roofline else report


@dataclass(frozen=True, slots=True)
class _Profiled:
    """What was counted and measured, before it is gathered into rows."""

    plan: Plan
    costs: Sequence[Cost]
    alive: Sequence[int]
    execution: Execution
    bench: Bench | None
    roofline: Roofline | None
    depth: int
    launches: bool = False

    @property
    def layered(self) -> bool:
        """Whether rows have times of their own, where anything was measured."""
        return self.execution.by_layer and (self.bench is None or self.bench.has_layers)

    def columns(self, by: By) -> tuple[Column, ...]:
        """Those of a row."""
        measured = self.bench is not None and self.layered
        columns = _columns(by, self.execution, measured=measured, roofline=self.roofline is not None)
        return (*columns, *((LAUNCH,) if self.launches else ()))

    def rows(self, by: By) -> tuple[list[Row], list[Group]]:
        """All rows in running order, and the ops that each of the first of them gathers."""
        groups = group_ops(self.plan, by, self.depth)
        element_size = self.execution.dtype.element_size
        rows = exact_rows(groups, self.costs, self.alive, self.plan.images(self.execution.batch_size), element_size)
        if self.bench and self.layered:
            rows = timed_rows(rows, groups, self.bench)
        rows = with_shares(rows, self.columns(by))
        if self.bench and self.launches:
            rows = with_launches(rows, groups, self.bench)
        return (self.roofline.beside(rows, groups) if self.roofline else rows), groups


def _sections(profiled: _Profiled, view: View, rows: Sequence[Row]) -> dict[str, Section]:
    """The rows that the view asks for; as an overview the stages before them, which then show the costliest first."""
    if profiled.bench and view.by is By.KERNEL:
        return {view.by.section: kernel_section(profiled.plan, profiled.bench, view, fused=not profiled.layered)}
    section = _section(profiled.columns(view.by), rows, view)
    if not view.overview:
        return {view.by.section: section}
    stages = _section(profiled.columns(By.STAGE), profiled.rows(By.STAGE)[0], View(By.STAGE))
    timed = profiled.bench is None or profiled.layered
    return {
        By.STAGE.section: stages if timed else set_aside(stages),
        view.by.section: costliest(section, view.by, ADDING_UP) if timed else set_aside(section),
    }


def _measured_report(
    network: OpenNetwork,
    subject: dict[str, Cell],
    totals: dict[str, Cell],
    sections: dict[str, Section],
    execution: Execution,
    bench: Bench,
    notes: tuple[str, ...],
    view: View,
) -> Report:
    from mbconv_cli.analysis.profile.measurement_notes import measurement_figures, measurement_notes, warnings
    from mbconv_cli.analysis.profile.reconciliation import headline, raw_samples
    from mbconv_cli.analysis.profile.usability import unusable_reason

    totals |= {} if unusable_reason(bench) else latency_cells(headline(bench))
    totals |= {"latency_samples": len(bench.measurement.end_to_end)}
    if bench.measurement.device:
        from mbconv_cli.analysis.profile.device_report import launched

        totals |= estimate_cells("launched_ms", launched(bench))
    images = execution.batch_size
    reconciled = latency_section(bench, execution)
    balance = balance_note(reconciled) if view.overview else []
    kept = kept_memory_note(execution, bench)
    return Report(
        "profile",
        provenance(network, host_fingerprint() | bench.machine, **execution.settings()),
        subject,
        totals,
        sections | {"latency": set_aside(reconciled) if balance else reconciled},
        (
            *warnings(bench),
            *notes,
            *balance,
            *kernel_notes(network.plan, execution, bench),
            *kept,
            *measurement_notes(bench, images),
        ),
        measurement_figures(bench, images),
        raw_samples(bench, LATENCY[0].key),
    )


def _require_known(bench: Bench, view: View, *, roofline: bool) -> None:
    """Refuse what is about the layers' times where an accelerator does not show them.

    Raises:
        InputError: names the option.
    """
    from mbconv_cli.analysis.profile.device_report import require_layers

    if roofline:
        require_layers(bench, "--roofline")
    if view.sort in {column.key for column in MEASURED} and view.by is not By.KERNEL:
        require_layers(bench, f"--sort {view.sort}")


def _kernel_columns(*, measured: bool, roofline: bool) -> tuple[Column, ...]:
    """The columns of kernels.

    Raises:
        InputError: they would not be measured, or are to be held against limits, which are those of layers.
    """
    if not measured:
        raise InputError(
            "--by kernel: kernels are seen while they run, so that it needs a measurement; take --by layer"
        )
    if roofline:
        raise InputError("--roofline with --by kernel: the limits are those of layers; take --by layer")
    return KERNEL_COLUMNS


def _columns(by: By, execution: Execution, *, measured: bool, roofline: bool) -> tuple[Column, ...]:
    """The columns of a row; shares of all costs by role, where there are few rows, else one share at the end."""
    timed = latency_columns(execution) if measured else ()
    costs = (*COSTS, ALIVE) if timed else (*COSTS, ALIVE, MACS_SHARE)
    return (
        *LABELS[by],
        *(COSTS_BY_ROLE if by is By.ROLE else costs),
        *timed,
        *(ROOFLINE_COLUMNS if roofline else ()),
    )


def _section(columns: Sequence[Column], rows: Sequence[Row], view: View) -> Section:
    return Section(tuple(columns), tuple(arranged(rows, view, [column for column in columns if column in ADDING_UP])))


def _roofline(plan: Plan, costs: Sequence[Cost], execution: Execution, limits: Calibration, bench: Bench) -> Roofline:
    from mbconv_cli.analysis.profile.reconciliation import group_latencies

    batch_size, element_size = plan.images(execution.batch_size), execution.dtype.element_size
    counts = Counter(kernel.part for kernel in bench.measurement.device.kernels) if bench.measurement.device else None
    kernels = [counts[op] for op in range(len(plan.ops))] if counts is not None else None
    times = least_times(plan, costs, limits.limits, batch_size=batch_size, element_size=element_size, kernels=kernels)
    singles = group_latencies(bench, [(index,) for index in range(len(plan.ops))])
    return Roofline(plan, limits, times, [estimate.value for estimate in singles])

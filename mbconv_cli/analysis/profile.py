"""What does every layer of a network cost? Exactly, and in measured milliseconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import COSTS, LATENCY, cost_cells, latency_cells
from mbconv_cli.analysis.grouping import LABELS, By, Group, group_ops
from mbconv_cli.analysis.measuring import busy_warning, device_note
from mbconv_cli.analysis.networks import OpenNetwork, provenance
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.errors import CheckFailedError, InputError, did_you_mean
from mbconv_cli.report.model import Cell, Column, Kind, Report, Row, Section
from mbconv_cli.runtime.machine import host_fingerprint
from mbconv_cli.units import SHARE

if TYPE_CHECKING:
    from mbconv_cli.runtime.bench import Bench
    from mbconv_cli.runtime.devices import DeviceChoice
    from mbconv_cli.runtime.estimates import Estimate
    from mbconv_cli.runtime.latency import Budget, Progress

NOISY_PRECISION: Final = 0.05

MACS_SHARE: Final = Column("macs_share", SHARE, Kind.EXACT)
LATENCY_SHARE: Final = Column("latency_share", SHARE, Kind.MEASURED)


@dataclass(frozen=True, slots=True)
class View:
    """Which rows a profile shows, and in which order.

    Attributes:
        by: what a row is.
        sort: the column to sort by, largest first (labels: A to Z); running order if absent.
        top: how many rows; the others are summed up in one last row.
    """

    by: By = By.LAYER
    sort: str | None = None
    top: int | None = None


@dataclass(frozen=True, slots=True)
class LatencyRequest:
    """What to measure, and whom to tell how far it is."""

    device: DeviceChoice
    threads: int | None
    budget: Budget
    progress: Progress


def profile(
    network: OpenNetwork, *, batch_size: int = 1, view: View | None = None, latency: LatencyRequest | None = None
) -> Report:
    """The costs of one forward pass of a batch, per layer, block, stage or role.

    Args:
        network: what to profile.
        batch_size: images in the batch; MACs, FLOPs and bytes are those of the whole batch.
        view: which rows.
        latency: what to measure; nothing if absent.

    Raises:
        InputError: the view names no column, or the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree; names the ops.
    """
    view = view or View()
    columns = _columns(view.by, measured=latency is not None)
    _demand_column(view.sort, columns)
    plan, costs = network.plan, plan_costs(network.plan)
    groups = group_ops(plan, view.by)
    rows = [group.labels | cost_cells(total(costs[index] for index in group.ops), batch_size) for group in groups]
    totals = cost_cells(total(costs), batch_size)
    subject = network.subject(batch_size) | {"dtype": "float32"}
    if latency is None:
        section = Section(columns, tuple(_arranged(_with_share(rows, "macs", totals["macs"]), view)))
        return Report(
            "profile",
            provenance(network.spec, host_fingerprint()),
            subject,
            totals,
            {view.by.section: section},
            ("not measured and not audited: --no-latency",),
        )
    bench = _run(network, costs, batch_size, latency)
    reconciliation, end_to_end = _reconcile(bench)
    timed = _with_latency(rows, groups, bench)
    totals |= {**latency_cells(end_to_end), "latency_samples": len(bench.measurement.end_to_end)}
    timed = _with_share(timed, "latency_ms", sum(_number(row, "latency_ms") for row in timed))
    return Report(
        "profile",
        provenance(network.spec, host_fingerprint() | bench.machine, mode="eager"),
        subject,
        totals,
        {view.by.section: Section(columns, tuple(_arranged(timed, view))), "latency": reconciliation},
        _notes(bench, end_to_end),
    )


def _columns(by: By, *, measured: bool) -> tuple[Column, ...]:
    return (*LABELS[by], *COSTS, *((*LATENCY, LATENCY_SHARE) if measured else (MACS_SHARE,)))


def _demand_column(key: str | None, columns: Sequence[Column]) -> None:
    keys = [column.key for column in columns]
    if key is None or key in keys:
        return
    if key in {column.key for column in (*LATENCY, LATENCY_SHARE)}:
        raise InputError(f"--sort {key}: nothing is measured with --no-latency; valid are {', '.join(keys)}")
    raise InputError(f"--sort {key!r} is no column" + (did_you_mean(key, keys) or f"; valid are {', '.join(keys)}"))


def _with_share(rows: Sequence[Row], key: str, whole: Cell) -> list[Row]:
    share_key = "macs_share" if key == "macs" else "latency_share"
    whole_figure = float(whole) if isinstance(whole, int | float) else 0.0
    return [{**row, share_key: _number(row, key) / whole_figure if whole_figure else 0.0} for row in rows]


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


def _with_latency(rows: Sequence[Row], groups: Sequence[Group], bench: Bench) -> list[Row]:
    from mbconv_cli.runtime.estimates import midmeans

    estimates = midmeans(bench.measurement.layers, [group.ops for group in groups])
    return [{**row, **latency_cells(estimate)} for row, estimate in zip(rows, estimates, strict=True)]


def _reconcile(bench: Bench) -> tuple[Section, Estimate]:
    """The sum of the layers beside the end-to-end median, their difference, and what the stamps cost."""
    from mbconv_cli.runtime.estimates import median_interval, midmeans

    measurement = bench.measurement
    end_to_end = median_interval(measurement.end_to_end)
    layers = midmeans(measurement.layers, [range(bench.audit.ops)])[0]
    stamped = median_interval([math.fsum(times) for times in measurement.layers])

    def row(name: str, cells: dict[str, Cell], figure: float) -> Row:
        return {"name": name, **cells, "latency_share": figure / end_to_end.value}

    difference = end_to_end.value - layers.value
    slowdown = stamped.value - end_to_end.value
    rows = (
        row("sum of layers", latency_cells(layers), layers.value),
        row("difference", {"latency_ms": difference}, difference),
        row("end to end", latency_cells(end_to_end), end_to_end.value),
        row("slowdown by the stamps", {"latency_ms": slowdown}, slowdown),
    )
    return Section((Column("name"), *LATENCY, LATENCY_SHARE), rows), end_to_end


def _arranged(rows: Sequence[Row], view: View) -> list[Row]:
    """Sorted, and cut to the top with all others summed up in one row, so that columns still add up."""
    arranged = list(rows)
    if view.sort is not None:
        key = view.sort
        if isinstance(arranged[0].get(key), int | float):
            arranged.sort(key=lambda row: _number(row, key), reverse=True)
        else:
            arranged.sort(key=lambda row: _sortable(row.get(key)))
    if view.top is None or view.top >= len(arranged):
        return arranged
    shown, others = arranged[: view.top], arranged[view.top :]
    summed = [column.key for column in (*COSTS, MACS_SHARE, LATENCY[0], LATENCY_SHARE) if column.key in rows[0]]
    rest: dict[str, Cell] = {"name": f"{len(others)} others"}
    for key in summed:
        figures = [row[key] for row in others]
        rest[key] = sum(figure for figure in figures if isinstance(figure, int | float))
    return [*shown, rest]


def _sortable(cell: Cell) -> tuple[str, tuple[int, ...]]:
    return ("", cell) if isinstance(cell, tuple) else (str(cell), ())


def _number(row: Row, key: str) -> float:
    value = row[key]
    assert isinstance(value, int | float)
    return value


def _notes(bench: Bench, end_to_end: Estimate) -> tuple[str, ...]:
    measurement, machine, audit = bench.measurement, bench.machine, bench.audit
    notes = [
        device_note(machine),
        (
            f"samples: {len(measurement.end_to_end)} plain and {len(measurement.layers)} stamped passes in turn after "
            f"{measurement.warm_up} of each to warm up, {measurement.seconds:.1f} s; end to end is their median, "
            f"with 95 % confidence within {100 * end_to_end.precision:.1f} %; a layer is a midmean"
        ),
        (
            f"audit: closed forms and fvcore agree on all {audit.ops} ops: {audit.macs:,} MAC an image, "
            f"{audit.params:,} params"
        ),
    ]
    if not measurement.steady:
        notes.append("warning: the time was not stable at the end of the warm-up; the machine may be busy")
    if end_to_end.precision > NOISY_PRECISION:
        known = f"{100 * end_to_end.precision:.1f} %"
        notes.append(f"warning: the machine was too noisy: the end-to-end median is known to {known} only")
    return (*notes, *busy_warning(bench.load_before, machine))

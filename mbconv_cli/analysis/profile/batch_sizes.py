"""How does a network's cost grow with the batch? The same profile for several batch sizes, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import ALIVE, COSTS, LATENCY, cost_cells, estimate_cells, latency_cells
from mbconv_cli.analysis.grouping import LABELS, By, Group, group_ops
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.profile.benches import LatencyRequest, run_benches
from mbconv_cli.analysis.profile.form_notes import (
    NO_COSTS,
    form_notes,
    form_subject,
    kept_memory_note,
    latency_section,
    unmeasured_reason,
)
from mbconv_cli.analysis.profile.overview import costliest
from mbconv_cli.analysis.profile.peak_memory import memory_notes
from mbconv_cli.analysis.profile.profile import NOT_MEASURED
from mbconv_cli.analysis.profile.profile_rows import exact_rows
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.analysis.view import View, arranged, require_column, require_rows_of_views
from mbconv_cli.cost.activation_memory import alive_bytes
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import Execution, plan_to_run, require_possible
from mbconv_cli.report.model import Better, Cell, Column, Kind, Provenance, Report, Row, Section
from mbconv_cli.units import IMAGE_PER_SECOND, MILLISECOND, MILLISECONDS_PER_SECOND

if TYPE_CHECKING:
    from mbconv_cli.measure.bench_result import Bench

BATCH_SIZE: Final = Column("batch_size")
THROUGHPUT: Final = (
    Column("latency_ms_per_image", MILLISECOND, Kind.MEASURED, Better.LOWER),
    Column("images_per_second", IMAGE_PER_SECOND, Kind.MEASURED, Better.HIGHER),
)
OF_ONE_IMAGE: Final = (
    "exact figures of the layers, and the totals, are those of one image; a latency is that of a whole batch"
)


def profile_batches(
    network: OpenNetwork,
    batch_sizes: Sequence[int],
    *,
    execution: Execution,
    view: View | None = None,
    latency: LatencyRequest | None = None,
) -> Report:
    """The costs of one pass for several batch sizes: of the whole, then per layer, block, stage or role.

    The section `batch_sizes` has a row for each; the rows of the next one have a latency for each, under
    `latency_ms_batch_N`.

    Args:
        network: what to profile.
        batch_sizes: images in a batch.
        execution: in which form; its own batch size is not looked at.
        view: which rows.
        latency: what to measure, and for how long each; nothing if absent.

    Raises:
        InputError: the form is impossible, the view names no column, or the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree; names the ops. Or the form changes the outputs.
    """
    view = view or View()
    if view.by is By.KERNEL or view.launches:
        raise InputError("--by kernel and --launch-times with several batch sizes: give one")
    if network.plan.batch_size is not None:
        raise InputError(f"several batch sizes of {network.plan.name}, whose shapes hold the batch: give one")
    require_possible(network.plan, replace(execution, batch_size=min(batch_sizes)))
    require_rows_of_views(network.plan, view, execution)
    by_layer = latency is not None and execution.by_layer
    timed = [column for size in batch_sizes for column in latency_columns(size)]
    exact = (*LABELS[view.by], *COSTS, ALIVE)
    columns = (*exact, *(timed if by_layer else ()))
    require_column(view.sort, columns, timed, unmeasured_reason(execution, measured=latency is not None))
    plan = plan_to_run(network.plan, execution)
    costs = plan_costs(plan)
    groups = group_ops(plan, view.by, view.depth)
    benches = run_benches(network.plan, costs, execution, batch_sizes, latency) if latency else ()
    measured = batch_sizes[: len(benches)]  # an interruption leaves the last ones out
    if by_layer and not all(bench.has_layers for bench in benches):
        _require_known(benches, view.sort, timed)
        by_layer, columns = False, exact
    alive = alive_bytes(plan, 1, execution.dtype.element_size)
    rows = exact_rows(groups, costs, alive, 1, execution.dtype.element_size)
    if by_layer:
        rows = _timed(rows, groups, dict(zip(measured, benches, strict=True)))
    summed = [column for column in columns if column in COSTS or column in timed[:: len(LATENCY)]]
    exact_notes = (
        *plan.remarks,
        *form_notes(network.plan, execution),
        *memory_notes(plan, alive, training=execution.training),
    )
    sections = {
        "batch_sizes": _by_batch_size(costs, batch_sizes, execution, benches),
        view.by.section: Section(columns, tuple(arranged(rows, view, summed))),
    }
    if view.overview:
        sections[view.by.section] = costliest(sections[view.by.section], view.by, summed)
    if benches:
        sections["latency"] = _reconciled(measured, benches, execution)
    return Report(
        "batch_sizes",
        _provenance(network, execution, benches),
        network.subject() | form_subject(execution),
        cost_cells(total(costs), 1, execution.dtype.element_size) | {"peak_bytes": max(alive)},
        sections,
        (*_warnings(measured, benches), OF_ONE_IMAGE, *exact_notes, *_notes(measured, benches, execution)),
        _figures(batch_sizes, benches),
        _samples(measured, benches),
    )


def _require_known(benches: Sequence[Bench], sort: str | None, timed: Sequence[Column]) -> None:
    """Refuse to sort by the layers' times where an accelerator does not show them.

    Raises:
        InputError: names the option.
    """
    from mbconv_cli.analysis.profile.device_report import require_layers

    if sort in {column.key for column in timed}:
        for bench in benches:
            require_layers(bench, f"--sort {sort}")


def latency_columns(batch_size: int) -> tuple[Column, ...]:
    """A batch's latency and its interval, under keys of their own."""
    key = latency_key(batch_size)
    return tuple(replace(column, key=column.key.replace(LATENCY[0].key, key)) for column in LATENCY)


def latency_key(batch_size: int) -> str:
    """The key of a batch's latency among those of others."""
    return f"{LATENCY[0].key}_batch_{batch_size}"


def _by_batch_size(
    costs: Sequence[Cost], batch_sizes: Sequence[int], execution: Execution, benches: Sequence[Bench]
) -> Section:
    """A row for each batch size: what the whole network costs."""
    whole = total(costs)
    rows: list[Row] = [
        {BATCH_SIZE.key: size, **cost_cells(whole, size, execution.dtype.element_size)} for size in batch_sizes
    ]
    if not benches:
        return Section((BATCH_SIZE, *COSTS), tuple(rows))
    columns = (BATCH_SIZE, *COSTS, *LATENCY, *THROUGHPUT)
    timed = [{**row, **_end_to_end(row, bench)} for row, bench in zip(rows, benches, strict=False)]
    return Section(columns, (*timed, *rows[len(timed) :]))


def _end_to_end(row: Row, bench: Bench) -> dict[str, Cell]:
    from mbconv_cli.analysis.profile.reconciliation import headline
    from mbconv_cli.analysis.profile.usability import unusable_reason

    batch_size, whole = row[BATCH_SIZE.key], headline(bench)
    assert isinstance(batch_size, int)
    if unusable_reason(bench):
        return {}
    per_image, throughput = THROUGHPUT
    return {
        **latency_cells(whole),
        per_image.key: whole.value / batch_size,
        throughput.key: batch_size * MILLISECONDS_PER_SECOND / whole.value,
    }


def _timed(rows: Sequence[Row], groups: Sequence[Group], benches: dict[int, Bench]) -> list[Row]:
    """Each row with the time of its ops in every batch, and one row more for each part that is outside of every op."""
    from mbconv_cli.analysis.profile.reconciliation import group_latencies

    outside = dict.fromkeys(name for bench in benches.values() for name in bench.outside)
    timed = [*rows, *({"name": name, **NO_COSTS} for name in outside)]
    for batch_size, bench in benches.items():
        parts = [*(bench.parts_of(group.ops) for group in groups), *((part,) for part in bench.outside_parts)]
        cells = [estimate_cells(latency_key(batch_size), estimate) for estimate in group_latencies(bench, parts)]
        nothing: list[dict[str, Cell]] = [{}] * (len(timed) - len(cells))
        timed = [{**row, **of_row} for row, of_row in zip(timed, [*cells, *nothing], strict=True)]
    return timed


def _reconciled(batch_sizes: Sequence[int], benches: Sequence[Bench], execution: Execution) -> Section:
    sections = [
        latency_section(bench, replace(execution, batch_size=size))
        for size, bench in zip(batch_sizes, benches, strict=True)
    ]
    name, *others = sections[0].columns
    rows = [
        {BATCH_SIZE.key: size, **row}
        for size, section in zip(batch_sizes, sections, strict=True)
        for row in section.rows
    ]
    return Section((name, BATCH_SIZE, *others), tuple(rows))


def _notes(batch_sizes: Sequence[int], benches: Sequence[Bench], execution: Execution) -> list[str]:
    """The notes of each measurement, once where they are the same for all."""
    if not benches:
        return [NOT_MEASURED]
    from mbconv_cli.analysis.profile.measurement_notes import measurement_notes

    notes = [measurement_notes(bench, size) for size, bench in zip(batch_sizes, benches, strict=True)]
    of_each = _of_each(batch_sizes, notes)
    return [*kept_memory_note(execution, benches[0]), *of_each]


def _warnings(batch_sizes: Sequence[int], benches: Sequence[Bench]) -> list[str]:
    """What makes the figures of each measurement doubtful."""
    if not benches:
        return []
    from mbconv_cli.analysis.profile.device_report import launch_bound_headline
    from mbconv_cli.analysis.profile.measurement_notes import warnings

    of_each = _of_each(batch_sizes, [warnings(bench) for bench in benches])
    return [*launch_bound_headline(batch_sizes, benches), *of_each]


def _of_each(batch_sizes: Sequence[int], all_notes: Sequence[tuple[str, ...]]) -> list[str]:
    """The notes of each batch size, once where they are the same for all."""
    shared = [note for note in all_notes[0] if all(note in notes for notes in all_notes)]
    own = [
        note.replace(": ", f": batch size {size}: ", 1)
        for size, notes in zip(batch_sizes, all_notes, strict=True)
        for note in notes
        if note not in shared
    ]
    return [*shared, *own]


def _samples(batch_sizes: Sequence[int], benches: Sequence[Bench]) -> dict[str, tuple[float, ...]]:
    """The raw samples of every batch size, under its key."""
    if not benches:
        return {}
    from mbconv_cli.analysis.profile.reconciliation import raw_samples

    samples: dict[str, tuple[float, ...]] = {}
    for size, bench in zip(batch_sizes, benches, strict=True):
        samples |= raw_samples(bench, latency_key(size))
    return samples


def _figures(batch_sizes: Sequence[int], benches: Sequence[Bench]) -> dict[str, Cell]:
    """For programs: whether all was measured that was asked for, and is of use."""
    if not benches:
        return {}
    from mbconv_cli.analysis.profile.usability import unusable_reason

    interrupted = any(bench.measurement.interrupted for bench in benches)
    return {
        "complete": len(benches) == len(batch_sizes) and not interrupted,
        "usable": not any(unusable_reason(bench) for bench in benches),
    }


def _provenance(network: OpenNetwork, execution: Execution, benches: Sequence[Bench]) -> Provenance:
    if not benches:
        return provenance(network, host_fingerprint())
    return provenance(network, host_fingerprint() | benches[0].machine, **execution.settings())

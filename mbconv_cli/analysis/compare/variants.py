"""What does a change to a network cost? The network as it is, and one row for each change, with the differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import (
    BYTES,
    LATENCY,
    LATENCY_RATIO,
    LAUNCHED,
    MACS,
    PARAMS,
    cost_cells,
    estimate_cells,
)
from mbconv_cli.analysis.measuring import (
    NETWORK_SECONDS,
    MeasureRequest,
    measure_sets,
    usable_figures,
    with_launched,
)
from mbconv_cli.analysis.measuring import notes as measuring_notes
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import PlanError, make_plan
from mbconv_cli.report.model import Better, Cell, Column, Kind, Report, Row, Section
from mbconv_cli.spec.spec import Spec
from mbconv_cli.units import CHANGE

if TYPE_CHECKING:
    from mbconv_cli.measure.processes.comparisons import Comparison

UNCHANGED: Final = "as it is"


def _with_difference(column: Column) -> tuple[Column, ...]:
    return (
        column,
        replace(column, key=f"{column.key}_difference"),
        Column(f"{column.key}_change", CHANGE, Kind.EXACT, Better.LOWER),
    )


COMPARED: Final = (PARAMS, MACS, BYTES)
COLUMNS: Final = (Column("name"), *(part for column in COMPARED for part in _with_difference(column)))


@dataclass(frozen=True, slots=True)
class Variant:
    """A changed network.

    Attributes:
        name: what the change is.
        spec: the network with it.
    """

    name: str
    spec: Spec


def compare_variants(
    kind: str,
    network: OpenNetwork,
    variants: Sequence[Variant],
    *,
    batch_size: int = 1,
    measure: MeasureRequest | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """The network and its variants; where they are measured, interleaved with the network as it is.

    Args:
        kind: of the report.
        network: what the variants are compared with.
        variants: what is compared.
        batch_size: images in a batch; MACs and bytes are those of the whole batch.
        measure: where to measure; nothing is measured if absent.
        notes: what else there is to say.

    Raises:
        InputError: a variant cannot be, or the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    plans = [network.plan, *(plan_of(variant) for variant in variants)]
    measured = None
    if measure is not None:
        measured = measure_sets([plans], measure, batch_size=batch_size, seconds=NETWORK_SECONDS)
    names = [UNCHANGED, *(variant.name for variant in variants)]
    costs = [cost_cells(total(plan_costs(plan)), batch_size) for plan in plans]
    rows = [_row(name, cells, costs[0]) for name, cells in zip(names, costs, strict=True)]
    if measured:
        rows = _with_latency(rows, measured)
    launched = LAUNCHED if measured and measured.launched_ms else ()
    columns = (*COLUMNS, *((*LATENCY, *LATENCY_RATIO, *launched) if measured else ()))
    return Report(
        kind,
        provenance(network, host_fingerprint() | (measured.machine if measured else {})),
        network.subject(batch_size) | {"dtype": "float32"},
        costs[0],
        {"changes": Section(columns, tuple(rows))},
        (*notes, *(measuring_notes(measured) if measured else ())),
        usable_figures(measured),
    )


def plan_of(variant: Variant) -> Plan:
    """The Plan of a changed network.

    Raises:
        InputError: no network can be so.
    """
    try:
        return make_plan(variant.spec)
    except PlanError as error:
        raise InputError(f"{variant.name}: {error}") from error


def _row(name: str, costs: dict[str, Cell], original: dict[str, Cell]) -> Row:
    row: dict[str, Cell] = {"name": name}
    for column in COMPARED:
        new, old = costs[column.key], original[column.key]
        assert isinstance(new, int)
        assert isinstance(old, int)
        row[column.key] = new
        if name != UNCHANGED:
            row[f"{column.key}_difference"] = new - old
            row[f"{column.key}_change"] = (new - old) / old if old else 0.0
    return row


def _with_latency(rows: Sequence[Row], measured: Comparison) -> list[Row]:
    """Every row with its time, and every changed one with the ratio to the original's."""
    (latencies,), (ratios,) = measured.latency_ms, measured.latency_ratio
    timed: list[Row] = []
    for index, (row, latency, ratio) in enumerate(zip(rows, latencies, ratios, strict=True)):
        compared = estimate_cells("latency_ratio", ratio) if index else {}
        timed.append({**row, **estimate_cells("latency_ms", latency), **compared})
    return with_launched(timed, measured, 0)

"""A latency table from turns with layers: what every op took within its network, and how well that predicts others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import geometric_mean
from typing import Final

from mbconv_cli.analysis.columns import MACS
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.prediction.held_out import (
    FEWEST_NETWORKS,
    Errors,
    HeldOut,
    errors,
    hold_out,
    interval_error,
)
from mbconv_cli.analysis.prediction.op_model import Timed
from mbconv_cli.analysis.prediction.op_traits import Traits, traits
from mbconv_cli.analysis.prediction.predictor import MeasuredNetwork
from mbconv_cli.analysis.prediction.table_file import LatencyTable, TableErrors, table_network
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.analysis.turns.turn_estimates import latencies, quiet_levels
from mbconv_cli.analysis.turns.turn_measuring import Turns
from mbconv_cli.analysis.turns.turn_report import measured_figures, turn_notes
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import Execution, plan_to_run
from mbconv_cli.measure.processes.turn_requests import Turn
from mbconv_cli.measure.statistics.control_variate import speed_factor
from mbconv_cli.report.model import Better, Cell, Column, Excerpt, Kind, Report, Row, Section
from mbconv_cli.units import CHANGE, MILLISECOND, SHARE, counted

ERRORS: Final = (
    Column("name"),
    Column("networks"),
    Column("within_5", SHARE, Kind.MEASURED, Better.HIGHER),
    Column("within_10", SHARE, Kind.MEASURED, Better.HIGHER),
    Column("rmse_ms", MILLISECOND, Kind.MEASURED, Better.LOWER),
    Column("spearman", "", Kind.MEASURED, Better.HIGHER),
)
HELD_OUT: Final = (
    Column("name"),
    MACS,
    Column("measured_ms", MILLISECOND, Kind.MEASURED),
    Column("predicted_ms", MILLISECOND, Kind.MEASURED),
    Column("error", CHANGE, Kind.MEASURED),
    Column("by_macs_ms", MILLISECOND, Kind.MEASURED),
    Column("reason"),
)


def measured_networks(networks: Sequence[OpenNetwork], execution: Execution, turns: Turns) -> list[MeasuredNetwork]:
    """The networks that have turns enough, with the time of each of their ops at the machine's quiet speed.

    Args:
        networks: in the order of the turns' candidates.
        execution: the form in which they ran.
        turns: with layers.
    """
    found, quiet = latencies(turns), quiet_levels(turns.by_place)
    measured: list[MeasuredNetwork] = []
    for index, latency in found.items():
        plan = plan_to_run(networks[index].plan, execution)
        of_one = turns.of(index)
        times = [_mean_ms([_quiet_layers(turn, quiet)[op] for turn in of_one]) for op in range(len(plan.ops))]
        ops = _gathered([traits(op) for op in plan.ops], times)
        macs = total(plan_costs(plan)).macs
        measured.append(MeasuredNetwork(plan.name, macs, latency.estimate.value, ops, math.fsum(times)))
    return measured


def _quiet_layers(turn: Turn, quiet: dict[int, float]) -> list[float]:
    """The times of a turn's ops as they would be at the machine's quiet speed."""
    threads = turn.machine["threads"]
    level = quiet.get(threads) if isinstance(threads, int) else None
    factor = speed_factor(turn.reference_ms, level) if level is not None and turn.reference_ms else 1.0
    return [factor * layer for layer in turn.layers_ms]


def _mean_ms(times: Sequence[float]) -> float:
    """Of one op across processes; an op that takes no time by the clock takes its smallest step."""
    return geometric_mean([max(time, _SMALLEST_MS) for time in times])


_SMALLEST_MS: Final = 1e-6


def _gathered(all_traits: Sequence[Traits], times: Sequence[float]) -> tuple[Timed, ...]:
    """Equal ops as one, with their mean time and their number."""
    by_traits: dict[Traits, list[float]] = {}
    for one, time in zip(all_traits, times, strict=True):
        by_traits.setdefault(one, []).append(time)
    return tuple(Timed(one, math.fsum(each) / len(each), len(each)) for one, each in by_traits.items())


def build_table(
    networks: Sequence[OpenNetwork], execution: Execution, turns: Turns
) -> tuple[LatencyTable, list[HeldOut]]:
    """The table, and every network beside its prediction by others.

    Raises:
        InputError: too few networks were measured, or none could be predicted by others.
    """
    measured = measured_networks(networks, execution, turns)
    if len(measured) < FEWEST_NETWORKS:
        raise InputError(
            f"a table takes {FEWEST_NETWORKS} measured networks at least, and there are {len(measured)}; name more"
        )
    held = hold_out(measured)
    pairs = [(one.predicted_ms, one.measured_ms) for one in held if one.predicted_ms is not None]
    if not pairs:
        raise InputError(
            f"no network could be predicted by the others ({held[0].reason}); name networks that are alike"
        )
    by_macs = [(one.by_macs_ms, one.measured_ms) for one in held if one.predicted_ms is not None]
    machine = next(iter(turns.by_place.values())).machine
    table = LatencyTable(
        machine=_plain(host_fingerprint() | machine),
        settings=_plain(execution.settings() | {"batch_size": execution.batch_size}),
        networks=tuple(map(table_network, measured)),
        held_out=_stored(errors(pairs)),
        held_out_by_macs=_stored(errors(by_macs)),
        interval_error=interval_error(held),
    )
    return table, held


def table_report(table: LatencyTable, held: Sequence[HeldOut], turns: Turns) -> Report:
    """How good predictions from a table are."""
    macs = {network.name: network.macs for network in table.networks}
    rows: list[Row] = [_held_row(one, macs[one.name]) for one in held]
    worst = sorted((row for row in rows if "error" in row), key=lambda row: -abs(_number(row["error"])))
    summary: tuple[Row, ...] = (
        {"name": "ops of the table", **table.held_out.model_dump()},
        {"name": "MACs alone", **table.held_out_by_macs.model_dump()},
    )
    found = latencies(turns)
    return Report(
        "latency-table",
        provenance(None, host_fingerprint() | dict(table.machine), **table.settings),
        {"name": "latency table"},
        {"networks": len(table.networks), "ops": sum(len(network.ops) for network in table.networks)},
        {
            "predictors": Section(ERRORS, summary),
            "held_out": Section(HELD_OUT, tuple(rows), excerpt=Excerpt("largest errors", tuple(worst[:10]))),
        },
        tuple(_notes(table, held, turns)),
        measured_figures(turns, found, len(table.networks)),
    )


def _held_row(one: HeldOut, macs: int) -> Row:
    row: dict[str, Cell] = {
        "name": one.name,
        "macs": macs,
        "measured_ms": one.measured_ms,
        "by_macs_ms": one.by_macs_ms,
    }
    if one.predicted_ms is None:
        return row | {"reason": one.reason}
    return row | {"predicted_ms": one.predicted_ms, "error": one.predicted_ms / one.measured_ms - 1}


def _notes(table: LatencyTable, held: Sequence[HeldOut], turns: Turns) -> Iterator[str]:
    yield from turn_notes(turns, latencies(turns))
    unpredicted = sum(one.predicted_ms is None for one in held)
    if unpredicted:
        yield (
            f"warning: {counted(unpredicted, 'network')} could not be predicted by the others: ops far outside of what "
            "these have"
        )
    yield (
        "held out: networks are predicted by those of the other four fifths; a prediction's interval is "
        f"±{100 * (math.exp(table.interval_error) - 1):.1f} %, which 95 of 100 of them were within"
    )


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def _stored(found: Errors) -> TableErrors:
    return TableErrors(
        networks=found.networks,
        within_5=found.within_5,
        within_10=found.within_10,
        rmse_ms=found.rmse_ms,
        spearman=found.spearman,
    )


def _plain(cells: dict[str, Cell]) -> dict[str, str | int | None]:
    """Cells that a fingerprint may hold."""
    return {key: value for key, value in cells.items() if value is None or isinstance(value, str | int)}

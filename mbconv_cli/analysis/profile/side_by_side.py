"""What do several networks cost? Their whole figures side by side, measured in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import COSTS, LATENCY, LAUNCHED, cost_cells
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.profile.form_notes import form_subject
from mbconv_cli.analysis.profile.profile import NOT_MEASURED
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.cost.activation_memory import alive_bytes
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import Execution, Mode, plan_to_run, require_possible
from mbconv_cli.report.model import Better, Cell, Column, Kind, Priority, Report, Row, Section
from mbconv_cli.units import BYTE

if TYPE_CHECKING:
    from mbconv_cli.analysis.turns.turn_measuring import Turns

NAME: Final = Column("name")
SHAPE: Final = Column("input_shape", priority=Priority.CONTEXT)
PEAK_BYTES: Final = Column("peak_bytes", BYTE, Kind.EXACT, Better.LOWER, priority=Priority.DETAIL)
RANK: Final = Column("rank", priority=Priority.DETAIL)


def require_side_by_side(networks: Sequence[OpenNetwork], execution: Execution, *, measured: bool) -> None:
    """Refuse what several networks cannot be compared in.

    Raises:
        InputError: two have one name, or they cannot be run in this form, or not in turn.
    """
    names = [network.plan.name for network in networks]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{name} is given twice; `mbconv diff` compares two versions of one network")
    for network in networks:
        require_possible(network.plan, execution)
    if measured and (execution.training or execution.mode is Mode.COMPILE):
        form = "--pass train" if execution.training else f"--mode {execution.mode.value}"
        raise InputError(f"{form} with several networks: each would be prepared again in every process; give one")


def profile_networks(networks: Sequence[OpenNetwork], execution: Execution, turns: Turns | None = None) -> Report:
    """A row for each network, in the order in which they are given.

    Args:
        networks: which.
        execution: in which form; figures are those of its whole batch, bytes in its dtype.
        turns: what was measured, candidates in the order of the networks; nothing if absent.
    """
    rows = [_exact_cells(network, execution) for network in networks]
    subject: dict[str, Cell] = {"name": f"{len(networks)} networks", "batch_size": execution.batch_size}
    exact = Report(
        "profiles",
        provenance(None, host_fingerprint()),
        subject | form_subject(execution),
        {},
        {"networks": Section((NAME, SHAPE, *COSTS, PEAK_BYTES), tuple(rows))},
        (NOT_MEASURED,),
    )
    return exact if turns is None else _measured(exact, rows, [one.plan.name for one in networks], execution, turns)


def _measured(exact: Report, rows: Sequence[Row], names: Sequence[str], execution: Execution, turns: Turns) -> Report:
    """The report with latencies, and ranks that overlapping intervals share."""
    from mbconv_cli.analysis.frontier.ranking import rank_cells
    from mbconv_cli.analysis.turns.turn_estimates import latencies
    from mbconv_cli.analysis.turns.turn_report import measured_figures, measured_samples, turn_notes

    found = latencies(turns)
    ranks = dict(zip(found, rank_cells([(one.estimate.low, one.estimate.high) for one in found.values()]), strict=True))
    timed = tuple(
        {**row, **found[index].cells, RANK.key: ranks[index]} if index in found else row
        for index, row in enumerate(rows)
    )
    launched = LAUNCHED if any(one.launched for one in found.values()) else ()
    machine = next((turn.machine for turn in turns.by_place.values()), {})
    return replace(
        exact,
        provenance=provenance(None, host_fingerprint() | machine, **execution.settings()),
        sections={"networks": Section((NAME, SHAPE, *COSTS, PEAK_BYTES, *LATENCY, *launched, RANK), timed)},
        notes=tuple(turn_notes(turns, found)),
        measurement=measured_figures(turns, found, len(names)),
        samples=measured_samples(turns, names),
    )


def _exact_cells(network: OpenNetwork, execution: Execution) -> Row:
    plan = plan_to_run(network.plan, execution)
    images, element_size = plan.images(execution.batch_size), execution.dtype.element_size
    return {
        NAME.key: plan.name,
        SHAPE.key: plan.batched(execution.batch_size),
        **cost_cells(total(plan_costs(plan)), images, element_size),
        PEAK_BYTES.key: max(alive_bytes(plan, execution.batch_size, element_size)),
    }

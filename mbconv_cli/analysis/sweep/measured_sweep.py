"""The points of a sweep that satisfy its conditions, measured in turn like the networks of a frontier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.frontier.ranking import rank_cells
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.analysis.sweep.drawn_networks import network_at
from mbconv_cli.analysis.sweep.evaluation import POINT, Evaluator, Figures, SweepJob
from mbconv_cli.analysis.sweep.sweep import LATENCY_MS, RANK, Findings, Wanted, sweep_report
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import Execution
from mbconv_cli.report.model import Report

if TYPE_CHECKING:
    from mbconv_cli.analysis.turns.turn_measuring import TurnPlan, Turns

MOST_MEASURED: Final = 200
"""Points of one sweep: each takes some seconds."""


def measured_sweep(
    job: SweepJob, rows: Sequence[Figures], wanted: Wanted, execution: Execution, plan: TurnPlan
) -> Report:
    """The report of a sweep whose rows have a latency each.

    Args:
        job: the points.
        rows: exact figures of those to measure.
        wanted: what is shown; its costs may be `latency_ms`.
        execution: the form.
        plan: how they are measured.

    Raises:
        InputError: there are none, or too many; or they cannot be measured there.
        CheckFailedError: closed forms and fvcore disagree.
        KeyboardInterrupt: it was interrupted before there was anything to show.
    """
    from mbconv_cli.analysis.turns.turn_measuring import measure_turns

    turns = measure_turns(networks_to_measure(job, rows), [execution], plan)
    if not turns.by_place:
        raise KeyboardInterrupt
    return measured_report(job, rows, wanted, turns, execution)


def networks_to_measure(job: SweepJob, rows: Sequence[Figures]) -> list[OpenNetwork]:
    """The networks of a sweep's points.

    Raises:
        InputError: there are none, or too many.
    """
    if not 0 < len(rows) <= MOST_MEASURED:
        raise InputError(
            f"--measure: {len(rows):,} points are left to measure, and from 1 to {MOST_MEASURED} can be; choose with "
            "--where and --sample"
        )
    evaluator = Evaluator(job.space)
    return [network_at(evaluator, job.space, row[POINT]) for row in rows]


def measured_report(
    job: SweepJob, rows: Sequence[Figures], wanted: Wanted, turns: Turns, execution: Execution
) -> Report:
    """The report on what one machine measured.

    Args:
        job: the points.
        rows: exact figures of those that were measured.
        wanted: what is shown.
        turns: of each point, in the order of the rows.
        execution: the form.
    """
    from mbconv_cli.analysis.turns.turn_estimates import latencies
    from mbconv_cli.analysis.turns.turn_report import measured_figures, measured_samples, turn_notes

    found = latencies(turns)
    ranks = dict(zip(found, rank_cells([(one.estimate.low, one.estimate.high) for one in found.values()]), strict=True))
    timed = [{**row, **found[index].cells, RANK.key: ranks[index]} for index, row in enumerate(rows) if index in found]
    findings = Findings(wanted)
    findings.take(timed)
    report = sweep_report(job, findings)
    machine = next(iter(turns.by_place.values())).machine
    names = [f"{job.space.name}-{row[POINT]}" for row in rows]
    return replace(
        report,
        provenance=provenance(None, host_fingerprint() | machine, **execution.settings()),
        notes=(*turn_notes(turns, found), *_front_note(wanted), *report.notes),
        measurement=measured_figures(turns, found, len(rows)),
        samples=measured_samples(turns, names),
    )


def _front_note(wanted: Wanted) -> tuple[str, ...]:
    """That a front over measured figures is one of estimates."""
    if LATENCY_MS not in wanted.objectives:
        return ()
    return ("pareto: over the latencies' estimates; points of overlapping ranks may change places in another run",)

"""A profile whose latency is predicted: exact costs of every layer, and the time that a table gives it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from mbconv_cli.analysis.columns import COSTS, cost_cells, estimate_cells
from mbconv_cli.analysis.grouping import LABELS, By, Group, group_ops
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.prediction.predictor import Predictor, UnpredictableError
from mbconv_cli.analysis.prediction.table_file import LatencyTable
from mbconv_cli.analysis.profile.overview import costliest
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.analysis.view import View, arranged, require_column
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import plan_to_run, require_possible
from mbconv_cli.plan.ops import Op
from mbconv_cli.report.model import Better, Column, Kind, Report, Row, Section
from mbconv_cli.units import MILLISECOND, SHARE, counted

PREDICTED: Final = Column("predicted_ms", MILLISECOND, Kind.MEASURED, Better.LOWER)
PREDICTED_SHARE: Final = Column("predicted_share", SHARE, Kind.MEASURED)
_SUMMED: Final = (*COSTS, PREDICTED, PREDICTED_SHARE)
MOST_UNPREDICTABLE: Final = 3


def predicted_profile(network: OpenNetwork, table: LatencyTable, view: View) -> Report:
    """The costs and the predicted time of one pass, per layer, block, stage or role, in the form of the table.

    Raises:
        InputError: the network cannot be run in that form, the view names no column, or ops are far outside of what
            was measured; names them.
    """
    execution = table.execution
    require_possible(network.plan, execution)
    columns = (*LABELS[view.by], *_SUMMED)
    require_column(view.sort, columns, (), "")
    plan = plan_to_run(network.plan, execution)
    predictor, costs = table.predictor(), plan_costs(plan)
    times = _op_times(plan.ops, predictor)
    whole = math.fsum(times)

    def rows(by: By) -> list[Row]:
        return [_row(group, costs, times, whole, execution.batch_size) for group in group_ops(plan, by, view.depth)]

    section = Section(columns, tuple(arranged(rows(view.by), view, _SUMMED)))
    sections = {view.by.section: section}
    if view.overview:
        stages = Section((*LABELS[By.STAGE], *_SUMMED), tuple(arranged(rows(By.STAGE), View(By.STAGE), _SUMMED)))
        sections = {By.STAGE.section: stages, view.by.section: costliest(section, view.by, _SUMMED)}
    return Report(
        "profile",
        provenance(network, host_fingerprint() | dict(table.machine), **table.settings),
        network.subject(execution.batch_size),
        cost_cells(total(costs), execution.batch_size) | estimate_cells(PREDICTED.key, predictor.interval(whole)),
        sections,
        tuple(prediction_notes(table)),
    )


def prediction_notes(table: LatencyTable) -> Iterator[str]:
    """What a prediction is made of, and how far it can be trusted."""
    errors = table.held_out
    yield (
        f"predicted, not measured: from the ops of {counted(len(table.networks), 'network')}, measured on this machine "
        f"in {table.form}; of {counted(errors.networks, 'network')} that were left out, {100 * errors.within_5:.0f} % "
        f"were within 5 % and {100 * errors.within_10:.0f} % within 10 % of what was measured; the interval holds 95 %"
    )


def _op_times(ops: Sequence[Op], predictor: Predictor) -> list[float]:
    """The time of each op; all that cannot be predicted are named together, the first ones in full."""
    times: list[float] = []
    problems: list[str] = []
    for op in ops:
        try:
            times.append(predictor.op_ms(op))
        except UnpredictableError as error:
            problems += error.sentences
    if problems:
        more = [f"and {len(problems) - MOST_UNPREDICTABLE} more ops"] * (len(problems) > MOST_UNPREDICTABLE)
        raise InputError(*problems[:MOST_UNPREDICTABLE], *more)
    return times


def _row(group: Group, costs: Sequence[Cost], times: Sequence[float], whole: float, batch_size: int) -> Row:
    predicted = math.fsum(times[index] for index in group.ops)
    return {
        **group.labels,
        **cost_cells(total(costs[index] for index in group.ops), batch_size),
        PREDICTED.key: predicted,
        PREDICTED_SHARE.key: predicted / whole,
    }

"""What does each of the family's building blocks cost, between the same input and output?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import (
    BYTES,
    COSTS,
    FLOPS,
    LATENCY,
    LATENCY_RATIO,
    LAUNCHED,
    MACS,
    PARAMS,
    cost_cells,
    estimate_cells,
)
from mbconv_cli.analysis.compare.block_family import BlockQuestion, block_plans
from mbconv_cli.analysis.grouping import block_parts
from mbconv_cli.analysis.measuring import (
    BLOCK_SECONDS,
    MeasureRequest,
    measure_sets,
    usable_figures,
    with_launched,
)
from mbconv_cli.analysis.measuring import notes as measuring_notes
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell, Column, Kind, Priority, Report, Row, Section
from mbconv_cli.units import RATIO, SHARE

if TYPE_CHECKING:
    from mbconv_cli.measure.processes.comparisons import Comparison

RATIOS: Final = (
    Column("params_ratio", RATIO, Kind.EXACT),
    Column("macs_ratio", RATIO, Kind.EXACT),
    Column("bytes_ratio", RATIO, Kind.EXACT),
)
BLOCK_COLUMNS: Final = (Column("name"), Column("operator", priority=Priority.CONTEXT), *COSTS, *RATIOS)
PART_COLUMNS: Final = (
    Column("block", priority=Priority.DERIVED),
    Column("part"),
    *(part for column in (PARAMS, MACS, BYTES) for part in (column, Column(f"{column.key}_share", SHARE, Kind.EXACT))),
    FLOPS,
)


def compare_blocks(question: BlockQuestion, measure: MeasureRequest | None = None) -> Report:
    """Every block's costs, their ratios to the plain convolution's, and the share of each part of it.

    Args:
        question: the input, the output, and which blocks.
        measure: where to measure; nothing is measured if absent.

    Raises:
        InputError: a row or an override is not valid, or the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    plans = block_plans(question)
    measured = None
    if measure is not None:
        seconds = 2 * BLOCK_SECONDS
        measured = measure_sets([tuple(plans.values())], measure, batch_size=question.batch_size, seconds=seconds)
    launched = LAUNCHED if measured and measured.launched_ms else ()
    columns = (*BLOCK_COLUMNS, *((*LATENCY, *LATENCY_RATIO, *launched) if measured else ()))
    return Report(
        "compare-blocks",
        provenance(machine=host_fingerprint() | (measured.machine if measured else {})),
        _subject(question),
        {},
        {
            "blocks": Section(columns, tuple(_block_rows(plans, question, measured))),
            "parts": Section(PART_COLUMNS, tuple(_part_rows(plans, question))),
        },
        (
            "ratio: to the plain convolution; below 1 the block costs less",
            "part: what an op is to its block, with its norm and activation; share: of the block",
            *(measuring_notes(measured) if measured else ()),
        ),
        usable_figures(measured),
    )


def _subject(question: BlockQuestion) -> dict[str, Cell]:
    subject: dict[str, Cell] = {
        "name": f"blocks from {question.channels_in} to {question.channels_out} channels",
        "input_shape": (question.batch_size, question.channels_in, *question.resolution),
        "stride": question.stride,
        "kernel_size": question.kernel_size,
        "expand_ratio": question.expand_ratio,
        "se_ratio": question.se_ratio,
    }
    return subject | ({"set": "; ".join(question.overrides)} if question.overrides else {})


def _block_rows(plans: dict[str, Plan], question: BlockQuestion, measured: Comparison | None) -> list[Row]:
    costs = {name: cost_cells(total(plan_costs(plan)), question.batch_size) for name, plan in plans.items()}
    plain = next(iter(costs.values()))
    rows: list[Row] = []
    for index, (name, cells) in enumerate(costs.items()):
        row: dict[str, Cell] = {"name": name, "operator": plans[name].blocks[0].operator, **cells}
        if index:
            row |= _shares(cells, plain, "ratio")
        if measured:
            row |= estimate_cells("latency_ms", measured.latency_ms[0][index])
        if measured and index:
            row |= estimate_cells("latency_ratio", measured.latency_ratio[0][index])
        rows.append(row)
    return with_launched(rows, measured, 0) if measured else rows


def _part_rows(plans: dict[str, Plan], question: BlockQuestion) -> list[Row]:
    rows: list[Row] = []
    for name, plan in plans.items():
        costs = plan_costs(plan)
        whole = cost_cells(total(costs), question.batch_size)
        for group in block_parts(plan):
            part = cost_cells(_sum_of(costs, group.ops), question.batch_size)
            rows.append({"block": name, "part": group.labels["name"], **part, **_shares(part, whole, "share")})
    return rows


def _sum_of(costs: tuple[Cost, ...], ops: tuple[int, ...]) -> Cost:
    return total(costs[index] for index in ops)


def _shares(cells: dict[str, Cell], whole: dict[str, Cell], suffix: str) -> dict[str, Cell]:
    """Params, MACs and bytes as shares of others."""
    shares: dict[str, Cell] = {}
    for column in (PARAMS, MACS, BYTES):
        figure, of = cells[column.key], whole[column.key]
        assert isinstance(figure, int)
        assert isinstance(of, int)
        shares[f"{column.key}_{suffix}"] = figure / of
    return shares

"""One large kernel or a stack of small ones? What each costs in a depthwise separable convolution, over N."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import (
    COSTS,
    FLOAT32_BYTES,
    LATENCY,
    LATENCY_RATIO,
    LAUNCHED,
    cost_cells,
    estimate_cells,
    latency_cells,
)
from mbconv_cli.analysis.compare.kernel_notes import question_notes
from mbconv_cli.analysis.compare.kernel_question import KernelQuestion, layers_plan
from mbconv_cli.analysis.measuring import (
    BLOCK_SECONDS,
    MeasureRequest,
    measure_sets,
    narrow,
    unusable_reason,
    usable_figures,
)
from mbconv_cli.analysis.measuring import notes as measuring_notes
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.analysis.view import number
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.cost.kernel_formulas import paper_macs, receptive_field
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Better, Cell, Column, Kind, Plot, Priority, Report, Row, Section
from mbconv_cli.units import BYTE, MAC, PIXEL, RATIO

if TYPE_CHECKING:
    from mbconv_cli.measure.processes.comparisons import Comparison
    from mbconv_cli.measure.statistics.estimates import Estimate

TIE: Final = "tie"
UNDECIDED: Final = "undecided"

CROSSING_COLUMNS: Final = (
    Column("n"),
    Column("m"),
    Column("paper_kernel", "MAC per HWM", Kind.EXACT, Better.LOWER, priority=Priority.CONTEXT, pair="paper"),
    Column("paper_stack", "MAC per HWM", Kind.EXACT, Better.LOWER, priority=Priority.CONTEXT, pair="paper"),
    Column("paper_ratio", RATIO, Kind.EXACT, pair="paper result"),
    Column("paper_winner", pair="paper result"),
    Column("built_kernel", MAC, Kind.EXACT, Better.LOWER, priority=Priority.CONTEXT, pair="built"),
    Column("built_stack", MAC, Kind.EXACT, Better.LOWER, priority=Priority.CONTEXT, pair="built"),
    Column("built_ratio", RATIO, Kind.EXACT, pair="built result"),
    Column("built_winner", pair="built result"),
)
MEASURED_COLUMNS: Final = (*LATENCY_RATIO, Column("latency_winner"))
CANDIDATE_COLUMNS: Final = (
    Column("name"),
    Column("n"),
    Column("m"),
    *COSTS,
    Column("receptive_field", PIXEL, Kind.EXACT),
    Column("intermediate_bytes", BYTE, Kind.EXACT, Better.LOWER),
)


def compare_kernels(question: KernelQuestion, measure: MeasureRequest | None = None) -> Report:
    """Costs on paper, of the layers as built, and their measured ratio; where the cheaper one changes.

    Args:
        question: what is compared. Ratios are the one kernel's cost over the stack's.
        measure: where to measure; nothing is measured if absent.

    Raises:
        InputError: the device is not there, or has too little memory.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    pairs = {
        n: (layers_plan(question, (question.kernel,), n), layers_plan(question, question.stack, n))
        for n in question.shown
    }
    measured = None
    if measure is not None:
        sets = [pairs[n][::-1] for n in question.n]
        seconds = BLOCK_SECONDS * min(len(sets), 4)
        measured = measure_sets(sets, measure, batch_size=question.batch_size, seconds=seconds)
    crossing = _crossing_section(question, pairs, measured)
    return Report(
        "compare-kernels",
        provenance(machine=host_fingerprint() | (measured.machine if measured else {})),
        _subject(question),
        _totals(question),
        {
            "crossing": crossing,
            "candidates": _candidates_section(question, pairs, measured),
        },
        (
            *question_notes(question),
            *(measuring_notes(measured) if measured else ()),
            *(_measured_notes(question, crossing.rows, pairs) if measured and not unusable_reason(measured) else []),
        ),
        usable_figures(measured),
    )


def _subject(question: KernelQuestion) -> dict[str, Cell]:
    kernel, stack = question.names
    return {
        "name": f"one {kernel} against {stack}",
        "resolution": (question.height, question.width),
        "channels_in": question.m or "as many as out",
        "stride": question.stride,
        "batch_size": question.batch_size,
        "norm_and_activation": "yes" if question.norm_act else "no",
    }


def _totals(question: KernelQuestion) -> dict[str, Cell]:
    """The N above which one kernel costs less; absent where no N is different from another."""
    paper, built = question.crossings
    return {} if paper is None or built is None else {"paper_crossing": paper, "built_crossing": built}


def _crossing_section(
    question: KernelQuestion, pairs: dict[int, tuple[Plan, Plan]], measured: Comparison | None
) -> Section:
    ratios = {n: ratio[1] for n, ratio in zip(question.n, measured.latency_ratio, strict=True)} if measured else {}
    launches = measured is not None and bool(measured.obstacle)
    rows = tuple(_crossing_row(question, n, pair, ratios.get(n), launches=launches) for n, pair in pairs.items())
    columns = (*CROSSING_COLUMNS, *(MEASURED_COLUMNS if measured else ()))
    return Section(columns, rows, _plot(question, measured) if len(question.n) > 1 else None)


def _crossing_row(
    question: KernelQuestion, n: int, pair: tuple[Plan, Plan], latency: Estimate | None, *, launches: bool
) -> Row:
    """The costs of one N, and which one is faster, unless the times are those of launching."""
    paper = paper_macs((question.kernel,), n), paper_macs(question.stack, n)
    built = tuple(question.batch_size * total(plan_costs(plan)).macs for plan in pair)
    row: dict[str, Cell] = {
        "n": n,
        "m": question.channels_in(n),
        "paper_kernel": paper[0],
        "paper_stack": paper[1],
        "paper_ratio": paper[0] / paper[1],
        "paper_winner": _winner(question, paper[0], paper[1]),
        "built_kernel": built[0],
        "built_stack": built[1],
        "built_ratio": built[0] / built[1],
        "built_winner": _winner(question, built[0], built[1]),
    }
    if latency is None:
        return row
    winner = UNDECIDED if launches else _measured_winner(question, latency)
    return {**row, **estimate_cells("latency_ratio", latency), "latency_winner": winner}


def _winner(question: KernelQuestion, kernel: int, stack: int) -> str:
    if kernel == stack:
        return TIE
    return question.names[0] if kernel < stack else question.names[1]


def _measured_winner(question: KernelQuestion, ratio: Estimate) -> str:
    """The faster one, where the interval of the ratio is narrow and leaves no doubt."""
    if ratio.low <= 1 <= ratio.high or not narrow(ratio):
        return UNDECIDED
    return question.names[0] if ratio.high < 1 else question.names[1]


def _measured_notes(question: KernelQuestion, rows: Sequence[Row], pairs: dict[int, tuple[Plan, Plan]]) -> list[str]:
    """Which one was faster, and why that is not the one with fewer MACs, where it is not."""
    contrary = [
        row for row in rows if row.get("latency_winner", UNDECIDED) not in {UNDECIDED, row["built_winner"], TIE}
    ]
    return [_measured_note(rows), *([_contrary_note(question, contrary[0], pairs)] if contrary else [])]


def _contrary_note(question: KernelQuestion, row: Row, pairs: dict[int, tuple[Plan, Plan]]) -> str:
    """The faster one in all currencies, from the figures of one N at which the other one needs fewer MACs."""
    n, (kernel, stack) = row["n"], question.names
    assert isinstance(n, int)
    single, several = pairs[n]
    costs = [total(plan_costs(plan)) for plan in pairs[n]]
    moved = costs[0].bytes(question.batch_size, FLOAT32_BYTES) / costs[1].bytes(question.batch_size, FLOAT32_BYTES)
    return (
        f"currencies: at N = {n} the {kernel} needs {number(row, 'built_ratio'):.2f} times the MACs of {stack} and "
        f"{number(row, 'latency_ratio'):.2f} times their time: it runs {len(single.ops)} ops in place of "
        f"{len(several.ops)} and moves {moved:.2f} times their bytes, which count for more here than MACs"
    )


def _measured_note(rows: Sequence[Row]) -> str:
    """Which one was faster, from which N to which."""
    parts = []
    measured = [row for row in rows if "latency_winner" in row]
    for winner, run in groupby(measured, key=lambda row: row["latency_winner"]):
        numbers = [row["n"] for row in run]
        parts.append(f"{winner} at N = {numbers[0]}" + (f" to {numbers[-1]}" if len(numbers) > 1 else ""))
    return f"measured, faster is: {'; '.join(parts)}"


def _plot(question: KernelQuestion, measured: Comparison | None) -> Plot:
    """The paper's ratio, that of the layers as built where it differs, and the measured one."""
    keys = ["paper_ratio", *(["built_ratio"] if question.m else []), *(["latency_ratio"] if measured else [])]
    crossings = dict.fromkeys(crossing for crossing in question.crossings if crossing is not None)
    return Plot("n", tuple(keys), level=1.0, marks=tuple(crossings))


def _candidates_section(
    question: KernelQuestion, pairs: dict[int, tuple[Plan, Plan]], measured: Comparison | None
) -> Section:
    latencies = dict(zip(question.n, measured.latency_ms, strict=True)) if measured else {}
    launched = dict(zip(question.n, measured.launched_ms, strict=True)) if measured and measured.launched_ms else {}
    rows: list[Row] = []
    for n in question.n:
        kernels = ((question.kernel,), question.stack)
        kernel_first = latencies[n][::-1] if n in latencies else (None, None)
        for index, (name, sizes, plan, latency) in enumerate(
            zip(question.names, kernels, pairs[n], kernel_first, strict=True)
        ):
            from_python = estimate_cells(LAUNCHED[0].key, launched[n][1 - index]) if n in launched else {}
            rows.append({**_candidate_row(question, name, n, sizes, plan, latency), **from_python})
    columns = (*CANDIDATE_COLUMNS, *(LATENCY if measured else ()), *(LAUNCHED if launched else ()))
    return Section(columns, tuple(rows))


def _candidate_row(
    question: KernelQuestion, name: str, n: int, kernels: tuple[int, ...], plan: Plan, latency: Estimate | None
) -> Row:
    return {
        "name": name,
        "n": n,
        "m": question.channels_in(n),
        **cost_cells(total(plan_costs(plan)), question.batch_size),
        "receptive_field": receptive_field(kernels, question.stride),
        "intermediate_bytes": _intermediate_bytes(question, plan),
        **(latency_cells(latency) if latency else {}),
    }


def _intermediate_bytes(question: KernelQuestion, plan: Plan) -> int:
    """Bytes of the feature maps that one layer hands to the next; nothing where there is one layer."""
    handed = 0
    for block in plan.blocks[:-1]:
        channels, height, width = block.output_shape
        handed += channels * height * width
    return handed * question.batch_size * FLOAT32_BYTES

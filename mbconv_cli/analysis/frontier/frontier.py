"""Which network? Several of them between cost and accuracy: the answer for a budget, a table, and the Pareto front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.columns import BYTES, LATENCY, LAUNCHED, MACS, PARAMS
from mbconv_cli.analysis.frontier.contenders import Contender, form_labels
from mbconv_cli.analysis.frontier.cost_budgets import LATENCY_MS, Answer, CostBudget, Interval, Offer, answer
from mbconv_cli.analysis.frontier.ranking import OnFront, Point, on_front, rank_cells
from mbconv_cli.analysis.networks import extent_text
from mbconv_cli.analysis.prediction.predicted_section import predicted_section
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.errors import InputError
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.measure.execution import Execution, plan_to_run
from mbconv_cli.report.model import Better, Cell, Column, Excerpt, Kind, Plot, Priority, Report, Row, Section
from mbconv_cli.units import BYTE, PERCENT, PIXEL, binary, counted, decimal

if TYPE_CHECKING:
    from mbconv_cli.analysis.prediction.table_file import LatencyTable
    from mbconv_cli.analysis.turns.turn_estimates import Latency
    from mbconv_cli.analysis.turns.turn_measuring import Turns

PEAK_BYTES: Final = Column("peak_bytes", BYTE, Kind.EXACT, Better.LOWER, priority=Priority.DETAIL)
TOP1: Final = Column("top1", PERCENT, Kind.LABEL, Better.HIGHER)
FRONT: Final = Column("pareto")
RANK: Final = Column("rank", priority=Priority.DETAIL)
REWARD: Final = Column("reward", "", Kind.MEASURED, Better.HIGHER)
NAME: Final = Column("name")
SOURCE: Final = Column("source", priority=Priority.EXTRA)
COSTS: Final = (PARAMS, MACS, BYTES, PEAK_BYTES)
X_KEYS: Final = (LATENCY_MS, *(column.key for column in COSTS))
NETWORKS: Final = "networks"
ANSWERS: Final = "answers"
MOST_PERHAPS: Final = 2
REWARD_EXPONENT: Final = -0.07
"""MnasNet's w for a soft constraint: twice the latency is worth 5 % of accuracy (arXiv:1807.11626, section 3)."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the networks.

    Attributes:
        x: the cost that is set against accuracy.
        budgets: the most that the answer may cost.
        reward_ms: MnasNet's target latency T, where its reward is wanted.
    """

    x: str = LATENCY_MS
    budgets: tuple[CostBudget, ...] = ()
    reward_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Entrant:
    """A contender in one form, with its latency where that is known."""

    contender: Contender
    latency: Latency | None = None

    def interval(self, key: str) -> Interval | None:
        """Both ends of a cost; None where it is not known."""
        if key == LATENCY_MS:
            return (self.latency.estimate.low, self.latency.estimate.high) if self.latency else None
        exact = float(self.contender.costs[key])
        return exact, exact

    def figure(self, key: str) -> float:
        """A cost itself."""
        if key == LATENCY_MS:
            assert self.latency is not None
            return self.latency.estimate.value
        return self.contender.costs[key]


def reward(top1: float, latency_ms: float, target_ms: float) -> float:
    """MnasNet's reward ACC x (LAT / T)^w (Tan et al., arXiv:1807.11626, equation 2, with w as in its section 3).

    Args:
        top1: in %.
        latency_ms: of the network.
        target_ms: T.

    Returns:
        In %, as the accuracy.
    """
    return float(top1 * (latency_ms / target_ms) ** REWARD_EXPONENT)


def require_answerable(question: Question) -> None:
    """Refuse what exact costs cannot answer.

    Raises:
        InputError: a budget or a reward is about latency, and nothing is measured.
    """
    if question.x == LATENCY_MS:
        return
    if any(budget.key == LATENCY_MS for budget in question.budgets):
        raise InputError(f"--budget latency_ms needs --x latency_ms; with --x {question.x} nothing is measured")
    if question.reward_ms is not None:
        raise InputError(f"--reward-target needs --x latency_ms; with --x {question.x} nothing is measured")


def exact_frontier(contenders: Sequence[Contender], question: Question, left_out: Sequence[str] = ()) -> Report:
    """The frontier over an exact cost; nothing is measured."""
    entrants = [Entrant(contender) for contender in contenders]
    return Report(
        "frontier",
        provenance(),
        {"name": f"top-1 accuracy over {_X_NAMES[question.x]}"},
        {},
        {NETWORKS: _section(entrants, question), **_answers({NETWORKS: entrants}, question)},
        tuple(_contender_notes(contenders, left_out)),
        prose=(_sentence({"": entrants}, question),),
    )


def measured_frontier(
    contenders: Sequence[Contender],
    executions: Sequence[Execution],
    turns: Turns,
    question: Question,
    left_out: Sequence[str] = (),
) -> Report:
    """The frontier over measured latency, a section for each form.

    Args:
        contenders: the networks.
        executions: the forms.
        turns: what was measured, candidates in the order network by network, each in all forms.
        question: what is asked.
        left_out: networks without an accuracy.
    """
    from mbconv_cli.analysis.turns.turn_estimates import latencies
    from mbconv_cli.analysis.turns.turn_report import measured_figures, measured_samples, turn_notes

    found = latencies(turns)
    labels = form_labels(executions)
    by_form = {
        label: [
            Entrant(contender, found.get(row * len(executions) + index)) for row, contender in enumerate(contenders)
        ]
        for index, label in enumerate(labels)
    }
    names = [f"{contender.name} {label}" for contender in contenders for label in labels]
    machine = next((turn.machine for turn in turns.by_place.values()), {})
    sections = {
        (label if len(labels) > 1 else NETWORKS): _section(entrants, question) for label, entrants in by_form.items()
    }
    return Report(
        "frontier",
        provenance(None, host_fingerprint() | machine, forms=", ".join(labels)),
        {"name": f"top-1 accuracy over {_X_NAMES[question.x]}"},
        {},
        sections | _answers(by_form, question),
        (*turn_notes(turns, found), *_contender_notes(contenders, left_out)),
        measured_figures(turns, found, len(names)),
        measured_samples(turns, names),
        prose=(_sentence(by_form, question),),
    )


def predicted_frontier(
    contenders: Sequence[Contender], table: LatencyTable, question: Question, left_out: Sequence[str] = ()
) -> Report:
    """The frontier over latencies from a table; networks that it cannot predict come last, and are named."""
    from mbconv_cli.analysis.prediction.predicted_profile import prediction_notes
    from mbconv_cli.analysis.prediction.predictor import UnpredictableError
    from mbconv_cli.analysis.turns.turn_estimates import Latency

    predictor, entrants, problems = table.predictor(), list[Entrant](), list[str]()
    for contender in contenders:
        try:
            estimate = predictor.latency(plan_to_run(contender.network.plan, table.execution).ops)
            entrants.append(Entrant(contender, Latency(estimate, 0)))
        except UnpredictableError as error:
            entrants.append(Entrant(contender))
            problems.append(f"not predicted: {contender.name}: {error.sentences[0]}")
    sections = {NETWORKS: _section(entrants, question), **_answers({NETWORKS: entrants}, question)}
    return Report(
        "frontier",
        provenance(None, host_fingerprint() | dict(table.machine), **table.settings),
        {"name": "top-1 accuracy over predicted latency"},
        {},
        {name: predicted_section(section) for name, section in sections.items()},
        (*problems, *prediction_notes(table), *_contender_notes(contenders, left_out)),
        prose=(_sentence({"": entrants}, question),),
    )


def _section(entrants: Sequence[Entrant], question: Question) -> Section:
    """The rows in the order of the cost, those that are not measured last; and a plot of those with an accuracy."""
    key = question.x
    known = sorted((one for one in entrants if one.interval(key)), key=lambda one: one.figure(key))
    ranks = rank_cells([interval for one in known if (interval := one.interval(key))])
    front = _front(known, key)
    rows: list[Row] = []
    for one, of_one in zip(known, ranks, strict=True):
        rank = {RANK.key: of_one} if key == LATENCY_MS else {}
        pareto = {FRONT.key: front[one.contender.name].value} if one.contender.name in front else {}
        rows.append({**_cells(one, question), **rank, **pareto})
    rows += [_cells(one, question) for one in entrants if one.interval(key) is None]
    return Section(_columns(question, known), tuple(rows), _plot(rows, question))


def _front(entrants: Sequence[Entrant], key: str) -> dict[str, OnFront]:
    """Of the networks with an accuracy, by name, whether they are on the front."""
    points: dict[str, Point] = {}
    for one in entrants:
        accuracy, interval = one.contender.accuracy, one.interval(key)
        if accuracy is not None and interval is not None:
            points[one.contender.name] = Point(*interval, accuracy.top1)
    return dict(zip(points, on_front(list(points.values())), strict=True))


def _columns(question: Question, entrants: Sequence[Entrant]) -> tuple[Column, ...]:
    measured = question.x == LATENCY_MS
    launched = measured and any(one.latency and one.latency.launched for one in entrants)
    return (
        NAME,
        Column("resolution", PIXEL, priority=Priority.CONTEXT),
        TOP1,
        *COSTS,
        *(LATENCY if measured else ()),
        *(LAUNCHED if launched else ()),
        *((RANK,) if measured else ()),
        FRONT,
        *((REWARD,) if question.reward_ms is not None else ()),
        SOURCE,
    )


def _cells(one: Entrant, question: Question) -> dict[str, Cell]:
    accuracy = one.contender.accuracy
    cells: dict[str, Cell] = {
        NAME.key: one.contender.name,
        "resolution": tuple(one.contender.network.plan.input_shape[1:]),
        **({TOP1.key: accuracy.top1, SOURCE.key: accuracy.source} if accuracy else {}),
        **{column.key: one.contender.costs[column.key] for column in COSTS},
    }
    if one.latency is not None:
        cells |= one.latency.cells
        if accuracy is not None and question.reward_ms is not None:
            cells[REWARD.key] = reward(accuracy.top1, one.latency.estimate.value, question.reward_ms)
    return cells


def _plot(rows: Sequence[Row], question: Question) -> Plot | None:
    keys = (NAME.key, question.x, f"{question.x}_low", f"{question.x}_high", TOP1.key, FRONT.key)
    points = tuple({key: row[key] for key in keys if key in row} | _label(row) for row in rows if FRONT.key in row)
    marks = tuple(float(budget.limit) for budget in question.budgets if budget.key == question.x)
    return (
        Plot(question.x, (TOP1.key,), marks=marks, by=FRONT.key, rows=points, front=OnFront.YES.value)
        if len(points) > 1
        else None
    )


def _label(row: Row) -> dict[str, Cell]:
    """The name beside a point, of those on the front."""
    return {"label": row[NAME.key]} if row[FRONT.key] == OnFront.YES.value else {}


def _sentence(by_form: Mapping[str, Sequence[Entrant]], question: Question) -> str:
    """The answer in one sentence: of the first form, and in parentheses of the others."""
    answers = {label: _answered(entrants, question) for label, entrants in by_form.items()}
    (_, first), *others = answers.items()
    more = "; ".join(f"{label}: {text}" for label, text in others)
    within = " and ".join(_budget_text(budget) for budget in question.budgets)
    return (f"within {within}: " if within else "") + first + (f" ({more})" if more else "")


def _answered(entrants: Sequence[Entrant], question: Question) -> str:
    offers = list(_offers(entrants, question))
    by_name = {one.contender.name: one for one in entrants}
    if not offers:
        return "no network with an accuracy was measured"
    if not question.budgets:
        return _without_budget(offers, by_name, question)
    found: Answer = answer(offers, question.budgets, question.x)
    shown = [_described(by_name[offer.name], question.x) for offer in found.perhaps[:MOST_PERHAPS]]
    perhaps = "; ".join(shown) + (" and others" if len(found.perhaps) > MOST_PERHAPS else "")
    if found.best is not None:
        more = f" (perhaps also {perhaps}: the interval holds the bound)" if perhaps else ""
        return f"{_described(by_name[found.best.name], question.x)}{more}"
    if perhaps:
        return f"none for certain; perhaps {perhaps} (the interval holds the bound)"
    cheapest = min(offers, key=lambda offer: sum(offer.costs[question.x]))
    return f"no network; the cheapest is {_described(by_name[cheapest.name], question.x)}"


def _answers(by_form: Mapping[str, Sequence[Entrant]], question: Question) -> dict[str, Section]:
    """The answers for programs, a row for each network that one names; people read them as a sentence."""
    if not question.budgets:
        return {}
    rows: list[Row] = []
    for label, entrants in by_form.items():
        by_name = {one.contender.name: one for one in entrants}
        found = answer(_offers(entrants, question), question.budgets, question.x)
        named = [*([(found.best, True)] if found.best else []), *((offer, False) for offer in found.perhaps)]
        rows += [
            {"form": label, "certain": certain, **_cells(by_name[offer.name], question)} for offer, certain in named
        ]
    columns = (
        Column("form"),
        Column("certain"),
        *_columns(question, [one for entrants in by_form.values() for one in entrants]),
    )
    return {ANSWERS: Section(columns, tuple(rows), excerpt=Excerpt())}


def _offers(entrants: Sequence[Entrant], question: Question) -> Iterator[Offer]:
    keys = {question.x, *(budget.key for budget in question.budgets)}
    for one in entrants:
        costs = {key: interval for key in keys if (interval := one.interval(key)) is not None}
        if one.contender.accuracy is not None and len(costs) == len(keys):
            yield Offer(one.contender.name, one.contender.accuracy.top1, costs)


def _without_budget(offers: Sequence[Offer], by_name: Mapping[str, Entrant], question: Question) -> str:
    cheapest = min(offers, key=lambda offer: sum(offer.costs[question.x]))
    best = max(offers, key=lambda offer: offer.merit)
    return (
        f"cheapest: {_described(by_name[cheapest.name], question.x)}; "
        f"most accurate: {_described(by_name[best.name], question.x)}"
    )


def _described(one: Entrant, key: str) -> str:
    """`tinynet-a, 77.7 %, 12.1 ±0.3 ms`."""
    accuracy = one.contender.accuracy
    assert accuracy is not None
    return f"{one.contender.name}, {accuracy.top1:.1f} %, {_cost_text(one, key)}"


def _cost_text(one: Entrant, key: str) -> str:
    if key == LATENCY_MS:
        assert one.latency is not None
        estimate = one.latency.estimate
        digits = 2 if estimate.value < 10 else 1
        return f"{estimate.value:.{digits}f} ±{(estimate.high - estimate.low) / 2:.{digits}f} ms"
    value = one.contender.costs[key]
    return f"{binary(value)} {key.replace('_', ' ')}" if "bytes" in key else f"{decimal(value)} {_UNITS[key]}"


_X_NAMES: Final = {
    LATENCY_MS: "latency",
    "macs": "MACs",
    "params": "parameters",
    "bytes": "bytes",
    "peak_bytes": "peak bytes",
}
_UNITS: Final = {"macs": "MACs", "params": "params"}


def _budget_text(budget: CostBudget) -> str:
    if budget.key == LATENCY_MS:
        return f"{float(budget.limit):g} ms"
    return f"{budget.text} {_UNITS.get(budget.key, budget.key.replace('_', ' '))}"


def _contender_notes(contenders: Sequence[Contender], left_out: Sequence[str]) -> Iterator[str]:
    if left_out:
        names = counted(len(left_out), "network")
        yield f"left out: {names} without a published accuracy (--accuracy FILE.csv gives one)"
    unknown = [one.name for one in contenders if one.accuracy is None]
    if unknown:
        yield f"no accuracy: {', '.join(unknown)}; not on the front, whatever they cost (--accuracy FILE.csv gives one)"
    retested = [one for one in contenders if one.retested]
    if retested:
        texts = []
        for one in retested:
            assert one.accuracy is not None
            assert one.accuracy.tested_at is not None
            texts.append(f"{one.name} (at {extent_text(one.accuracy.tested_at)} px)")
        yield f"accuracy of another resolution than the costs: {', '.join(texts)}"
    yield (
        "pareto: no other network is at least as accurate at a lower cost; undecided where only networks whose "
        "intervals overlap beat it"
    )

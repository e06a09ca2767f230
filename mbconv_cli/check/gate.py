"""The rows of a check: each network's metrics, judged by its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from mbconv_cli.analysis.expectation import stale_expectations
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.acceptance import REMOVED
from mbconv_cli.check.acceptances import NOTHING_ACCEPTED, Acceptances
from mbconv_cli.check.blame import blame
from mbconv_cli.check.config import AnyRule, LoadedConfig
from mbconv_cli.check.exact_judgement import judge_exact
from mbconv_cli.check.latency_question import LatencyQuestion, Questions, latency_question
from mbconv_cli.check.metrics import EXACT, LAUNCHED, TIMED, exact_metrics, stage_metric, unit_of
from mbconv_cli.check.next_steps import budget_mark, next_step
from mbconv_cli.check.presence import baseless_row, removed_row, renamed_row
from mbconv_cli.check.row import SPEC, Check, Found, limit_text
from mbconv_cli.check.selection import ReadNetwork, UnreadNetwork
from mbconv_cli.check.sides import Absent, Against, Base, Sides, StoredBaseline
from mbconv_cli.check.timing import TimedKey, Timing
from mbconv_cli.errors import InputError, Mark, Problem
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.plan.same_plans import same_computation
from mbconv_cli.report.baseline import StoredNetwork
from mbconv_cli.report.model import Cell
from mbconv_cli.report.verdict import Level, Verdict

NO_LAUNCHES: Final = (
    "launched_ms is measured on accelerators alone; on the CPU latency_ms is the time of launching from Python: give "
    "latency_ms this rule"
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What all networks' checks have in common.

    `adopting` says that the revision to compare with has no config.
    """

    config: LoadedConfig
    against: Against | None
    measure: MeasureRequest | None
    adopting: bool = False
    accepted: Acceptances = NOTHING_ACCEPTED

    @property
    def missing_allowed(self) -> bool:
        """Whether what only one side has is no failure."""
        return self.config.config.missing == "allow"

    def rules(self, one: Sides) -> dict[str, AnyRule]:
        """The network's rules.

        Raises:
            InputError: one of them has no bound.
        """
        rules = self.config.config.rules_of(*one.names)
        for key, rule in rules.items():
            if rule.max is None and rule.max_increase is None and rule.level is not Level.OFF:
                mark = self.config.document.mark(self.config.stated((key,), *one.names) or ("metrics",))
                raise InputError(Problem(f"{key} of {one.label} has neither `max` nor `max_increase`", mark))
        return rules

    def questions(self, one: Sides) -> dict[TimedKey, LatencyQuestion]:
        """What to ask about the network's times, if anything."""
        asked = {(one.key, metric): self.question(one, metric) for metric in TIMED}
        return {key: question for key, question in asked.items() if question}

    def question(self, one: Sides, metric: str) -> LatencyQuestion | None:
        """What to ask about one of the network's times, if anything."""
        rule = self.time_rule(one, metric)
        if not self.measure or rule is None or rule.level is Level.OFF or not isinstance(one.head, ReadNetwork):
            return None
        key, allowed = (one.key, metric), self.missing_allowed
        question = latency_question(key, rule, one.head, one.base, self.machines, missing_allowed=allowed)
        if question and question.task and metric == LAUNCHED and not _is_accelerator(self.measure.device):
            return LatencyQuestion(Found(Verdict.NOT_COMPARABLE, NO_LAUNCHES), None)
        return question

    def time_rule(self, one: Sides, metric: str) -> AnyRule | None:
        """The rule of one of its times, with the increase that is accepted in place of a smaller one."""
        rule, accepted = self.rules(one).get(metric), self.accepted.of(metric, *one.names)
        limit = accepted.limit if accepted else None
        if rule is None or rule.max_increase is None or limit is None or limit.value <= rule.max_increase.value:
            return rule
        return rule.model_copy(update={"max_increase": limit})

    def machines(self) -> tuple[Mapping[str, Cell], Mapping[str, Cell]]:
        """The baseline's fingerprint, and the one that measuring here would have."""
        assert isinstance(self.against, StoredBaseline)
        assert self.measure is not None
        from mbconv_cli.check.conditions import present_conditions
        from mbconv_cli.pytorch.devices import resolve_device

        device = str(resolve_device(self.measure.device))
        batch_size = self.config.config.latency.batch_size
        return self.against.baseline.fingerprint or {}, present_conditions(device, self.measure.threads, batch_size)

    def checks(self, one: Sides, questions: Questions, timing: Timing) -> Iterator[Check]:
        """All rows of a network."""
        match one.head:
            case Absent():
                yield removed_row(
                    one, one.head, self.config.config, self.against, self.accepted.of(REMOVED, *one.names)
                )
            case UnreadNetwork(problems):
                yield from (_unread(one, problem) for problem in problems)
            case ReadNetwork():
                yield from self.presence(one)
                yield from self.of_metrics(one, one.head, questions, timing)
            case _:
                assert_never(one.head)

    def presence(self, one: Sides) -> Iterator[Check]:
        """The row of a network that the base does not have, or has under another name."""
        if one.former_key:
            yield renamed_row(one)
        if isinstance(one.base, Absent) and self.against:
            yield baseless_row(one, one.base, self.config.config, self.against, adopting=self.adopting)

    def of_metrics(self, one: Sides, head: ReadNetwork, questions: Questions, timing: Timing) -> Iterator[Check]:
        """The rows of a network that could be read; none for a rule that needs a base where none is asked for."""
        figures = exact_metrics(head.plan)
        base = figures if one.base is head else _figures(one.base)
        yield from _stale(one, head, figures)
        for key, rule in self.rules(one).items():
            limit = limit_text(rule, compared=_is_compared(one))
            if rule.level is Level.OFF or (key in TIMED and self.measure is None):
                why = "not checked" if rule.level is Level.OFF else "not measured, as asked"
                yield Check(one.label, key, Verdict.OFF, why, rule.level, unit=unit_of(key), file=one.file)
            elif question := questions.get((one.key, key)):
                yield self.timed(one, key, rule, question, timing)
            elif key not in TIMED and (limit or isinstance(one.base, Absent)):
                yield self.exact(one, head, key, rule, base.get(key), figures[key])

    def exact(self, one: Sides, head: ReadNetwork, key: str, rule: AnyRule, base: int | None, figure: int) -> Check:
        """The row of an exact metric."""
        found = judge_exact(EXACT[key], rule, base, figure, self.accepted.of(key, *one.names))
        if base is None and isinstance(one.base, StoredNetwork) and found.verdict is Verdict.PASS:
            verdict = Verdict.PASS if self.missing_allowed else Verdict.MISSING
            found = Found(verdict, "the baseline does not have it; `mbconv baseline write` adds it")
        failed = found.verdict is not Verdict.PASS
        unchanged = base is not None and base == figure
        return Check(
            one.label,
            key,
            found.verdict,
            found.message,
            rule.level,
            limit_text(rule, compared=_is_compared(one)),
            unit_of(key),
            base,
            figure,
            self.cause(one, head, key, unchanged=unchanged) if failed else None,
            one.file,
            next_step=next_step(self.config, one, key, rule, figure) if found.verdict is Verdict.FAIL else "",
            accepted=found.accepted,
        )

    def timed(self, one: Sides, metric: str, rule: AnyRule, question: LatencyQuestion, timing: Timing) -> Check:
        """The row of what is measured."""
        assert isinstance(one.head, ReadNetwork)
        timed = timing.checks.get((one.key, metric))
        found = question.answer(timed)
        applied = self.time_rule(one, metric) or rule
        accepted = self.accepted.of(metric, *one.names) if applied is not rule else None
        passed = accepted and found.verdict is Verdict.PASS
        ratio = timed.measured.get("ratio") if timed else None
        unchanged = isinstance(one.base, ReadNetwork) and same_computation(one.base.plan, one.head.plan)
        is_slow = found.verdict in {Verdict.FAIL, Verdict.INCONCLUSIVE}
        head = timed.head if timed else None
        return Check(
            one.label,
            metric,
            found.verdict,
            f"{found.message}; {accepted.text}" if accepted and passed else found.message,
            rule.level,
            limit_text(applied, compared=_is_compared(one), margin=self.config.config.latency.margin),
            unit_of(metric),
            timed.base if timed else None,
            head,
            self.cause(one, one.head, metric, unchanged=unchanged) if is_slow else None,
            one.file,
            timed.measured if timed else {},
            next_step=next_step(self.config, one, metric, applied, head, ratio if isinstance(ratio, float) else None)
            if found.verdict is Verdict.FAIL
            else "",
            accepted=accepted,
        )

    def cause(self, one: Sides, head: ReadNetwork, metric: str, *, unchanged: bool) -> Mark:
        """The line that is to blame: of the network where it changed, else of the config that gives the budget."""
        if unchanged:
            return budget_mark(self.config, one, metric)
        found = blame(one.base, head, stage_metric(metric)) if isinstance(one.base, ReadNetwork) else None
        return found or Mark(one.file, 1, 1)


def _is_accelerator(choice: DeviceChoice) -> bool:
    if choice.type == "cpu":
        return False
    from mbconv_cli.pytorch.devices import is_accelerator, resolve_device

    return is_accelerator(resolve_device(choice))


def _is_compared(one: Sides) -> bool:
    return isinstance(one.base, ReadNetwork | StoredNetwork)


def _stale(one: Sides, head: ReadNetwork, figures: Mapping[str, int]) -> Iterator[Check]:
    """The rows of what a network's file expects, and the table does not come to."""
    expected = stale_expectations(head.loaded, figures["params"], figures["macs"]) if head.written else ()
    for stale in expected:
        yield Check(
            one.label,
            f"expected {stale.metric}",
            Verdict.FAIL,
            f"{stale.expected:,} under `expect`, but the table comes to {stale.found:,}",
            unit=unit_of(stale.metric),
            mark=stale.mark,
            file=one.file,
            next_step="correct whichever is wrong",
        )


def _figures(base: Base) -> Mapping[str, int]:
    match base:
        case ReadNetwork():
            return exact_metrics(base.plan)
        case StoredNetwork():
            return base.metrics
        case Absent() | None:
            return {}
        case _:
            assert_never(base)


def _unread(one: Sides, problem: Problem) -> Check:
    """The row of a mistake in a network's file, at its place."""
    return Check(one.label, SPEC, Verdict.ERROR, problem.what, mark=problem.mark, file=one.file)

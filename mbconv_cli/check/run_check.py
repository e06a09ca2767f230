"""Does any network cost more than it may? Every metric of every network against its budget and its base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, assert_never

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.check.acceptances import acceptances, unused_rows
from mbconv_cli.check.commits import commits, compared_with, with_repository_files
from mbconv_cli.check.config import LoadedConfig
from mbconv_cli.check.former_config import FormerConfig, UnreadConfig, former_config
from mbconv_cli.check.gate import Gate
from mbconv_cli.check.latency_question import Questions
from mbconv_cli.check.loosened_rules import loosened_rules
from mbconv_cli.check.renames import with_renames
from mbconv_cli.check.row import CONFIG, OVERRIDE, SPEC, Check, tally
from mbconv_cli.check.selection import unmatched
from mbconv_cli.check.sides import Against, Sides, both_sides, name_of
from mbconv_cli.check.timing import Timing
from mbconv_cli.errors import CheckFailedError, InputError, Mark, MbconvError, UndecidedError
from mbconv_cli.git.revisions import Revision
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.report.model import Report, Row, Section
from mbconv_cli.report.verdict import CHECK, CHECK_COLUMNS, CHECKS, MEASURED_KEYS, Level, Verdict
from mbconv_cli.spec.catalogue import Catalogue

_HINT: Final = "; give --against REV or --baseline FILE"


@dataclass(frozen=True, slots=True)
class Checked:
    """The report, and what it means for whoever waits for it: nothing, or an error to end with."""

    report: Report
    error: MbconvError | None


def check(
    config: LoadedConfig, against: Against | None, catalogue: Catalogue, measure: MeasureRequest | None
) -> Checked:
    """Check all networks that a config selects.

    Args:
        config: which networks, and what each may come to.
        against: what they are compared with; only budgets are checked if absent.
        catalogue: where names are looked up.
        measure: where and how often to measure, if a rule asks for it; None to leave out what must be measured.

    Raises:
        InputError: the config names what there is not or says nothing to check; the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    gate, sides, former, questions = _prepared(config, against, catalogue, measure)
    timing = Timing()
    if measure and (tasks := [question.task for question in questions.values() if question.task]):
        from mbconv_cli.check.measured_judgement import time_networks

        timing = time_networks(
            tasks,
            measure,
            batch_size=config.config.latency.batch_size,
            margin=float(config.config.latency.margin.value),
        )
    patterns = unmatched(config, catalogue, against if isinstance(against, Revision) else None)
    checks = [Check(entry, SPEC, Verdict.ERROR, "no network matches", mark=mark) for entry, mark in patterns.items()]
    checks += [check for one in sides for check in gate.checks(one, questions, timing)]
    checks += _unmatched_overrides(config, sides) if checks else []
    checks += unused_rows(config, gate.accepted, checks)
    checks += _against_former(config, former, sides, against) if against else ()
    if not checks:
        raise InputError(f"{config.path}: nothing to check: no budget (`max`), and nothing to compare with{_HINT}")
    return Checked(_report(gate, sides, checks, timing), _error(checks))


def measuring_plan(
    config: LoadedConfig, against: Against | None, catalogue: Catalogue, measure: MeasureRequest
) -> Report:
    """What a check would measure, and how long that takes at least; nothing is measured or built.

    Args:
        config: which networks, and what each may come to.
        against: what they are compared with.
        catalogue: where names are looked up.
        measure: where and how often it would measure.

    Raises:
        InputError: the config names what there is not.
    """
    from mbconv_cli.check.planned_measurements import plan_report

    _, sides, _, questions = _prepared(config, against, catalogue, measure)
    label = {one.key: one.label for one in sides}
    tasks = [(label[network], question.task) for (network, _), question in questions.items() if question.task]
    return plan_report({"name": str(config.path), **compared_with(against)}, tasks, measure.processes)


def _prepared(
    config: LoadedConfig, against: Against | None, catalogue: Catalogue, measure: MeasureRequest | None
) -> tuple[Gate, list[Sides], FormerConfig, Questions]:
    """The rules, both sides of every network, the base's config, and what is asked about times."""
    former = former_config(config, against) if isinstance(against, Revision) else None
    sides = with_renames(both_sides(config, against, catalogue, former))
    adopting = isinstance(against, Revision) and former is None
    gate = Gate(config, against, measure, adopting, acceptances(config, former))
    return gate, sides, former, {key: asked for one in sides for key, asked in gate.questions(one).items()}


def faulty_config(path: Path, error: InputError) -> Checked | None:
    """A check that could not begin for mistakes in its config, each in a row; None if they stand in no file."""
    checks = [
        Check(str(path), CONFIG, Verdict.ERROR, one.what, mark=one.mark, next_step="correct this line")
        for one in error.problems
        if one.mark is not None
    ]
    if len(checks) < len(error.problems):
        return None
    rows = {CHECKS: _section([*with_repository_files([check.row() for check in checks], path.parent)])}
    settings = commits(path.parent, None)
    report = Report(CHECK, replace(provenance(), settings=settings), {"name": str(path)}, tally(checks), rows)
    return Checked(report, error)


def _unmatched_overrides(config: LoadedConfig, sides: Sequence[Sides]) -> Iterator[Check]:
    """A warning in its own row, and so in every format, for each override that matches no network that is checked."""
    for index, override in enumerate(config.config.overrides):
        matched = [one for one in sides if override.matches(*one.names)]
        if not any(one.is_checked for one in matched):
            mark = config.document.mark(("overrides", index, "match"))
            was = f" any more; {matched[0].key} did" if matched else ""
            step = "correct the pattern, or take the override out"
            why = f"no network matches{was}"
            yield Check(override.match, OVERRIDE, Verdict.MISSING, why, Level.WARN, mark=mark, next_step=step)


def _against_former(
    config: LoadedConfig, former: FormerConfig, sides: Sequence[Sides], against: Against
) -> list[Check]:
    """What changed in the config itself: rules that are looser, or that they are unknown."""
    name = name_of(against)
    match former:
        case None:
            return []
        case UnreadConfig(problems):
            why = f"the config as of {name} cannot be read, so its rules and networks are unknown: {problems[0].what}"
            mark = Mark(str(config.path), 1, 1)
            return [Check(str(config.path), CONFIG, Verdict.NOT_COMPARABLE, why, Level.WARN, mark=mark)]
        case LoadedConfig():
            return loosened_rules(config, former, sides, name)
        case _:
            assert_never(former)


def _report(gate: Gate, sides: Sequence[Sides], checks: Sequence[Check], timing: Timing) -> Report:
    settings = commits(gate.config.folder, gate.against)
    rows = [check.row() for check in checks]
    if timing.checks and gate.measure:
        from mbconv_cli.measure.statistics.regression import FALSE_ALARM

        settings |= {"processes": gate.measure.processes, "false_alarm": FALSE_ALARM}
    return Report(
        CHECK,
        replace(provenance(machine={**host_fingerprint(), **timing.machine}), settings=settings),
        {"name": str(gate.config.path), **compared_with(gate.against)},
        tally(checks),
        {CHECKS: _section([*with_repository_files(rows, gate.config.folder)])},
        (*_accepted_notes(checks), *_warnings(gate, sides), *timing.notes),
    )


def _section(rows: Sequence[Row]) -> Section:
    """The rows under all columns; without those of what was measured, where nothing was."""
    columns = [
        column for column in CHECK_COLUMNS if column.key not in MEASURED_KEYS or any(column.key in row for row in rows)
    ]
    return Section(tuple(columns), tuple(rows))


def _accepted_notes(checks: Sequence[Check]) -> list[str]:
    """What passed only because the config accepts it."""
    accepted = [check for check in checks if check.accepted and check.verdict is Verdict.PASS]
    return [f"accepted: {check.network}: {check.metric}: {check.message}" for check in accepted]


def _warnings(gate: Gate, sides: Sequence[Sides]) -> Iterator[str]:
    """Rules that have no effect without a base."""
    if gate.against is None and any(
        rule.max_increase is not None for one in sides for rule in gate.rules(one).values()
    ):
        yield f"warning: max_increase is not checked, for there is nothing to compare with{_HINT}"


def _error(checks: Sequence[Check]) -> MbconvError | None:
    """How a run ends: bad input before failures, these before what could not be decided; all of it is reported."""
    totals = tally(checks)
    sentences = [_sentence(check) for check in checks if check.verdict not in {Verdict.PASS, Verdict.OFF}]
    if totals["errors"]:
        return InputError(*sentences)
    if totals["failed"]:
        return CheckFailedError(*sentences)
    return UndecidedError(*sentences) if totals["inconclusive"] or totals["not_comparable"] else None


def _sentence(check: Check) -> str:
    place = f"{check.mark}: " if check.mark else ""
    weight = "warning: " if check.level is Level.WARN else ""
    step = f"; {check.next_step}" if check.next_step else ""
    return f"{place}{weight}{check.network}: {check.metric}: {check.verdict.value}: {check.message}{step}"

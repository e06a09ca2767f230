"""The latency gate: which networks are measured, and how the estimates of all processes are judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from statistics import geometric_mean
from typing import TYPE_CHECKING, Final, TypeAlias

from mbconv_cli.analysis.measuring import (
    DEVICE_TIMES,
    LAUNCHES,
    MeasureRequest,
    busy_warning,
    device_note,
    measure_sets,
)
from mbconv_cli.check.metrics import LATENCY, LAUNCHED
from mbconv_cli.check.row import Found
from mbconv_cli.check.timing import LatencyTask, TimedCheck, Timing
from mbconv_cli.measure.statistics.control_variate import (
    ProcessFigure,
    corrected_latencies,
    correction_error,
    known_levels,
)
from mbconv_cli.measure.statistics.regression import (
    FALSE_ALARM,
    PASS_CONFIDENCE,
    POWER,
    Judgement,
    Mean,
    difference,
    exponential,
    interval,
    judge,
    trimmed_mean,
)
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell
from mbconv_cli.report.verdict import Verdict, worst
from mbconv_cli.units import counted

if TYPE_CHECKING:
    from mbconv_cli.measure.processes.comparisons import Comparison, Outcome

GATE_SECONDS: Final = 0.75
"""How long a process measures one network, base and head in turn: with ten, a network takes some 30 s. By the rounds in
`benchmarks/results/gate-idle.csv`, a process's ratio has a standard deviation of 1.1 % (efficientnet-b0) and 0.9 %
(mobilenet-v3-small); half the time gives 1.6 and 1.2 %, and twice the time would give some 0.8 %."""


def time_networks(tasks: Sequence[LatencyTask], wanted: MeasureRequest, *, batch_size: int, margin: float) -> Timing:
    """Measure all tasks in the same fresh processes, and judge each.

    Raises:
        InputError: the device is not there, or has too little memory.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    if not tasks:
        return Timing()
    sets: dict[str, tuple[Plan, ...]] = {}
    for task in tasks:  # both times of a network are of the same candidates, though one may need no base
        sets[task.network] = max(sets.get(task.network, ()), task.candidates, key=len)
    launches = any(task.metric == LAUNCHED for task in tasks)
    seconds = GATE_SECONDS * len(sets)
    measured = measure_sets([*sets.values()], wanted, batch_size=batch_size, seconds=seconds, launches=launches)
    tests, index = sum(task.tests for task in tasks), [*sets].index
    return Timing(
        {task.key: _judged(task, measured.outcomes, index(task.network), margin, tests) for task in tasks},
        measured.machine,
        _notes(measured, tests, margin),
    )


def _judged(task: LatencyTask, outcomes: Sequence[Outcome], index: int, margin: float, tests: int) -> TimedCheck:
    """One task's verdict from what every process found of the set of this index."""
    times = [_times(task, outcome)[index] for outcome in outcomes]
    head = trimmed_mean([of_process[-1] for of_process in times])
    base, ratio = _compared(task, outcomes, index)
    answers: list[tuple[Judgement, str]] = []
    if ratio is not None and task.rule.max_increase is not None:
        allowed = 1 + float(task.rule.max_increase.value)
        judgement = judge(ratio, allowed, margin / allowed, tests)
        answers.append((judgement, _sentence(judgement, ratio, allowed, partial(_ratio_text, allowed), tests)))
    if task.rule.max is not None:
        allowed = float(task.rule.max.value)
        judgement = judge(head, allowed, margin, tests)
        answers.append((judgement, _sentence(judgement, head, allowed, partial(_ms_text, allowed), tests)))
    found = Found(worst(judgement.verdict for judgement, _ in answers), "; ".join(sentence for _, sentence in answers))
    if outcomes[0].obstacle and task.metric == LATENCY:
        found = Found(Verdict.INCONCLUSIVE, f"{LAUNCHES}: {outcomes[0].obstacle}")
    return TimedCheck(
        found,
        exponential(base.value) if base else None,
        exponential(head.value),
        {
            **_ends("head", head),
            **({"ratio": exponential(ratio.value), **_ends("ratio", ratio)} if ratio else {}),
            "detectable": answers[0][0].detectable,
            "processes": len(outcomes),
        },
    )


def _compared(task: LatencyTask, outcomes: Sequence[Outcome], index: int) -> tuple[Mean | None, Mean | None]:
    """The base's time and the ratio to it: of pairs in the same process, or of two independent samples."""
    if task.base is not None:
        ratios = [one.launched_ratio if task.metric == LAUNCHED else one.latency_ratio for one in outcomes]
        base = trimmed_mean([_times(task, outcome)[index][0] for outcome in outcomes])
        return base, trimmed_mean([ratio[index][-1] for ratio in ratios])
    if task.stored and task.metric == LAUNCHED:
        return _compared_with_stored(task.stored, [ProcessFigure(one.launched_ms[index][-1]) for one in outcomes])
    if task.stored:
        return _compared_with_stored(task.stored, [outcome.figure(index, -1) for outcome in outcomes])
    return None, None


def _times(task: LatencyTask, outcome: Outcome) -> tuple[tuple[float, ...], ...]:
    """What the task is about, of each set and candidate."""
    return outcome.launched_ms if task.metric == LAUNCHED else outcome.latency_ms


def _compared_with_stored(stored: Sequence[ProcessFigure], present: Sequence[ProcessFigure]) -> tuple[Mean, Mean]:
    """The time of a baseline's processes and the ratio to it, both at the machine's present speed where that is known.

    The machine may be slower today than when the baseline was taken; the reference workload shows by how much.
    """
    then, now = known_levels(stored), known_levels(present)
    if not then or not now:
        base, head = (trimmed_mean([one.latency_ms for one in figures]) for figures in (stored, present))
        return base, difference(head, base)
    speed = geometric_mean(now)
    base, head = (trimmed_mean(corrected_latencies(figures, speed)) for figures in (stored, present))
    ratio, unknown = difference(head, base), correction_error(speed / geometric_mean(then))
    return base, replace(ratio, error=math.hypot(ratio.error, unknown))


def _ends(key: str, mean: Mean) -> dict[str, Cell]:
    """The ends of a figure's interval."""
    _, low, high = interval(mean)
    return {f"{key}_low": low, f"{key}_high": high}


Figure: TypeAlias = Callable[[float], str]
"""A figure with its unit, in as many digits as tell it from what is allowed."""


def _ratio_text(allowed: float, value: float) -> str:
    return f"{_distinct(allowed, value, '.{}f', 3)} of the base's time"


def _ms_text(allowed: float, value: float) -> str:
    return f"{_distinct(allowed, value, '.{}g', 4)} ms"


def _distinct(allowed: float, value: float, pattern: str, digits: int) -> str:
    """A value with so many digits, and more where it would else look like what is allowed."""
    for more in range(digits, digits + 6):
        text = format(value, pattern.format(more))
        if value == allowed or float(text) != float(format(allowed, pattern.format(more))):
            return text
    return repr(value)


def _sentence(judgement: Judgement, mean: Mean, allowed: float, figure: Figure, tests: int) -> str:
    """What was found, how sure that is, and what is allowed."""
    low = f"at least {figure(judgement.low * allowed)} with {100 * (1 - FALSE_ALARM / tests):.4g} % confidence"
    high = f"at most {figure(judgement.high * allowed)} with {100 * PASS_CONFIDENCE:g} %"
    said = figure(exponential(mean.value))
    limit = f"{figure(allowed)} is allowed"
    match judgement.verdict:
        case Verdict.FAIL:
            return f"takes {said}, {low}; {limit}"
        case Verdict.PASS:
            return f"takes {said}, {high}; {limit}"
    return f"takes {said}, {low}, {high}; {limit}; more `processes` or a quieter machine would decide"


def _notes(measured: Comparison, tests: int, margin: float) -> tuple[str, ...]:
    return (
        device_note(measured.machine),
        *([DEVICE_TIMES] if measured.launched_ms and not measured.obstacle else []),
        (
            f"latency: {counted(measured.processes, 'fresh process')}, a number fixed beforehand, each with at least "
            f"{counted(measured.rounds, 'round')} in random order and one estimate; the test is across processes, on "
            "logarithms, without the tenth at either end"
        ),
        (
            f"verdicts: fail where slower than allowed, at a level of {100 * FALSE_ALARM:g} % shared by "
            f"{counted(tests, 'test')} (Bonferroni); pass where at most {100 * margin:g} % beyond what is allowed, "
            f"with {100 * PASS_CONFIDENCE:g} % confidence; "
            f"detectable: the slowdown beyond that which such a run finds {100 * POWER:g} times in 100"
        ),
        f"audit: closed forms and fvcore agree on all {counted(measured.audited_ops, 'op')}",
        *busy_warning(measured.load_before, measured.machine),
    )

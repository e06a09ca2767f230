"""What there is to ask about a network's latency: what is known without measuring, and what must be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from mbconv_cli.check.config import AnyRule
from mbconv_cli.check.metrics import LATENCY
from mbconv_cli.check.row import Found
from mbconv_cli.check.selection import ReadNetwork
from mbconv_cli.check.sides import Absent, Base
from mbconv_cli.check.timing import LatencyTask, TimedCheck, TimedKey
from mbconv_cli.machine.comparability import differences
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.same_plans import same_computation
from mbconv_cli.report.baseline import StoredNetwork
from mbconv_cli.report.model import Cell
from mbconv_cli.report.verdict import Verdict, worst

if TYPE_CHECKING:
    from mbconv_cli.measure.statistics.control_variate import ProcessFigure

IDENTICAL: Final = "identical plan"

Machines = Callable[[], tuple[Mapping[str, Cell], Mapping[str, Cell]]]
"""The fingerprint of the baseline and the present one; asked for only where they matter."""


@dataclass(frozen=True, slots=True)
class LatencyQuestion:
    """Of one time of a network: the part of the answer that needs no measuring, and what is to be measured."""

    known: Found | None
    task: LatencyTask | None

    def answer(self, timed: TimedCheck | None) -> Found:
        """The verdict: the worse one of what is known and what was measured, with both messages."""
        found = [part for part in (self.known, timed.found if timed else None) if part]
        return Found(worst(part.verdict for part in found), "; ".join(part.message for part in found))


Questions = Mapping[TimedKey, LatencyQuestion]


def latency_question(
    key: TimedKey,
    rule: AnyRule,
    head: ReadNetwork,
    base: Base,
    machines: Machines,
    *,
    missing_allowed: bool,
) -> LatencyQuestion | None:
    """What to ask of a network under a rule; None where the rule has nothing to say without a base.

    Args:
        key: the network's, and which of its times the rule is of.
        rule: its bounds.
        head: as it is.
        base: what it is compared with.
        machines: fingerprints, for a stored base.
        missing_allowed: whether a base without a latency passes.
    """
    network, metric = key
    known: Found | None = None
    plan: Plan | None = None
    stored: tuple[ProcessFigure, ...] = ()
    if rule.max_increase is not None:
        match base:
            case ReadNetwork() if same_computation(base.plan, head.plan):
                known = Found(Verdict.PASS, IDENTICAL)
            case ReadNetwork():
                plan = base.plan
            case StoredNetwork():
                known = _obstacle(head, base, metric, machines, missing_allowed=missing_allowed)
                stored = () if known else _figures(base, metric)
            case Absent() | None:
                pass
            case _:
                assert_never(base)
    if plan is None and not stored and rule.max is None:
        return LatencyQuestion(known, None) if known else None
    return LatencyQuestion(known, LatencyTask(network, rule, head.plan, plan, stored, metric))


def _figures(base: StoredNetwork, metric: str) -> tuple[ProcessFigure, ...]:
    """What each process of the baseline measured."""
    from mbconv_cli.measure.statistics.control_variate import ProcessFigure

    latencies = base.times(metric) or ()
    levels = base.reference_ms or (None,) * len(latencies)
    return tuple(map(ProcessFigure, latencies, levels))


def _obstacle(
    head: ReadNetwork, base: StoredNetwork, metric: str, machines: Machines, *, missing_allowed: bool
) -> Found | None:
    """Why a stored time is not compared with: there is none, there is no need, or there is no sense in it."""
    if base.times(metric) is None:
        verdict = Verdict.PASS if missing_allowed else Verdict.MISSING
        what = "latency" if metric == LATENCY else metric
        return Found(verdict, f"the baseline has no {what} of it; `mbconv baseline write --measure` stores one")
    if base.spec_sha256 == head.sha256:
        return Found(Verdict.PASS, f"{IDENTICAL} as in the baseline")
    old, new = machines()
    shapes = ({"input_shape": base.input_shape}, {"input_shape": head.plan.input_shape})
    found = differences({**old, **shapes[0]}, {**new, **shapes[1]})
    if not found:
        return None
    text = ", ".join(f"{one.condition} ({one.first}, here {one.second})" for one in found)
    return Found(
        Verdict.NOT_COMPARABLE,
        f"the baseline was measured under other conditions: {text}; --against REV measures both sides here",
    )

"""Metrics that are computed, and so compared exactly: params, MACs, FLOPs, bytes, peak bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from mbconv_cli.analysis.columns import FLOAT32_BYTES
from mbconv_cli.check.acceptance import Acceptance
from mbconv_cli.check.config import AnyRule
from mbconv_cli.check.row import Found
from mbconv_cli.cost.activation_memory import alive_activations
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.verdict import Verdict
from mbconv_cli.units import BYTE, FLOP, MAC, PARAM, change_text

Counted = Callable[[Cost], int]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its unit, its name in a sentence, and how it follows from a cost where it is a sum over ops."""

    unit: str
    title: str
    of_cost: Counted | None


EXACT: Final[Mapping[str, Metric]] = {
    "params": Metric(PARAM, "params", lambda cost: cost.params),
    "macs": Metric(MAC, "MACs", lambda cost: cost.macs),
    "flops": Metric(FLOP, "FLOPs", lambda cost: cost.flops),
    "bytes": Metric(BYTE, "bytes", lambda cost: cost.bytes(1, FLOAT32_BYTES)),
    "peak_bytes": Metric(BYTE, "bytes at the peak", None),
}


def exact_metrics(plan: Plan) -> dict[str, int]:
    """All of them by key, of one image in float32."""
    whole = total(plan_costs(plan))
    summed = {key: metric.of_cost(whole) for key, metric in EXACT.items() if metric.of_cost}
    return summed | {"peak_bytes": FLOAT32_BYTES * max(alive_activations(plan))}


def stage_metric(key: str) -> Callable[[Plan], dict[str, int]]:
    """What gives a metric of each stage of a Plan: a sum over its ops, or the most at any of them."""
    of_cost = EXACT[key].of_cost if key in EXACT else EXACT["macs"].of_cost

    def of_stages(plan: Plan) -> dict[str, int]:
        if of_cost is None:
            return _of_stages(plan, alive_activations(plan), max)
        return _of_stages(plan, tuple(of_cost(cost) for cost in plan_costs(plan)), int.__add__)

    return of_stages


def judge_exact(
    metric: Metric, rule: AnyRule, base: int | None, head: int, accepted: Acceptance | None = None
) -> Found:
    """Whether a figure keeps within its budget and its increase, in whole numbers and fractions without rounding.

    Args:
        metric: what the figure is.
        rule: its bounds.
        base: what it was, if there is anything to compare with.
        head: what it is.
        accepted: an increase that is wanted; budgets hold all the same.
    """
    reasons: list[str] = []
    excused = False
    if rule.max is not None and head > rule.max.value:
        reasons.append(f"{head:,} {metric.title}, {math.ceil(head - rule.max.value):,} over the budget of {rule.max}")
    if base is not None and rule.max_increase is not None and head > base * (1 + rule.max_increase.value):
        excused = accepted is not None and accepted.limit is not None and head <= accepted.limit.value
        what = f"{_moved(metric, base, head, rule.max_increase.value)}; max_increase is {rule.max_increase}"
        reasons += [] if excused else [what]
    if reasons:
        return Found(Verdict.FAIL, "; ".join(reasons))
    if base is None:
        return Found(Verdict.PASS, "within the budget" if rule.max else "nothing to compare with")
    why = f"; {accepted.text}" if accepted and excused else ""
    return Found(Verdict.PASS, _moved(metric, base, head) + why, accepted if excused else None)


def _moved(metric: Metric, base: int, head: int, beyond: Fraction | None = None) -> str:
    if head == base:
        return "unchanged"
    word = "more" if head > base else "fewer"
    share = f" ({change_text(Fraction(head - base, base), beyond=beyond)})" if base else ""
    return f"{abs(head - base):,} {word} {metric.title}{share}"


def _of_stages(plan: Plan, figures: tuple[int, ...], joined: Callable[[int, int], int]) -> dict[str, int]:
    stages: dict[str, int] = {}
    for op, figure in zip(plan.ops, figures, strict=True):
        stages[op.stage] = joined(stages[op.stage], figure) if op.stage in stages else figure
    return stages

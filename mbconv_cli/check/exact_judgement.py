"""Metrics that are computed, and so compared exactly: is a figure within its budget and its increase?"""

from __future__ import annotations

import math
from fractions import Fraction

from mbconv_cli.check.acceptance import Acceptance
from mbconv_cli.check.config import AnyRule
from mbconv_cli.check.metrics import Metric
from mbconv_cli.check.row import Found
from mbconv_cli.report.verdict import Verdict
from mbconv_cli.units import change_text


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

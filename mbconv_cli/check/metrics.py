"""The metrics that a check knows: the unit of each, its name in a sentence, and how it follows from a Plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from mbconv_cli.analysis.columns import FLOAT32_BYTES
from mbconv_cli.cost.activation_memory import alive_activations
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.plan.ops import Plan
from mbconv_cli.units import BYTE, FLOP, MAC, MILLISECOND, PARAM

LATENCY: Final = "latency_ms"
LAUNCHED: Final = "launched_ms"
TIMED: Final = (LATENCY, LAUNCHED)
"""The metrics that are measured."""

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
"""The metrics that are computed."""


def unit_of(key: str) -> str:
    """What a metric's figures are in."""
    return EXACT[key].unit if key in EXACT else MILLISECOND


def exact_metrics(plan: Plan) -> dict[str, int]:
    """The computed metrics by key, of one image in float32."""
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


def _of_stages(plan: Plan, figures: tuple[int, ...], joined: Callable[[int, int], int]) -> dict[str, int]:
    stages: dict[str, int] = {}
    for op, figure in zip(plan.ops, figures, strict=True):
        stages[op.stage] = joined(stages[op.stage], figure) if op.stage in stages else figure
    return stages

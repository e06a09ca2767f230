"""How long it takes to count a network: the closed forms here, and fvcore's trace of torchvision's module.

Prints the median time in ms of both for efficientnet-b0, taken in turn in one process after a warm-up, and how many
times longer fvcore takes. The closed forms start from the Spec (Spec -> Plan -> cost of every op); fvcore starts from
a module that is already built, and both count one image of 224 x 224. The closed forms are counted many times a round,
since they are short; the first count of a round, which fvcore's forward pass has left with cold caches, is a line of
its own.

    python benchmarks/counting.py [ROUNDS]
"""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Callable
from statistics import median

import torch
import torchvision

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.spec.loader import load

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # fvcore's own imports
    from fvcore.nn import FlopCountAnalysis

WARM_UP = 2
REPEATS = 20


def milliseconds(count: Callable[[], int]) -> float:
    """The time of one call."""
    started = time.perf_counter()
    count()
    return 1_000 * (time.perf_counter() - started)


def main(rounds: int) -> None:
    """Time both counts in turn, and print their medians side by side."""
    logging.disable(logging.WARNING)  # fvcore tells of each op that it does not count
    warnings.simplefilter("ignore")
    spec = load("efficientnet-b0").spec
    module = torchvision.models.efficientnet_b0(weights=None).eval()
    image = torch.zeros(1, 3, 224, 224)

    def closed_forms() -> int:
        return total(plan_costs(make_plan(spec))).macs

    def fvcore() -> int:
        return int(FlopCountAnalysis(module, image).total())

    for _ in range(WARM_UP):
        macs, traced = closed_forms(), fvcore()
    cold, warm, traces = [], [], []
    for _ in range(rounds):
        cold.append(milliseconds(closed_forms))
        warm += [milliseconds(closed_forms) for _ in range(REPEATS)]
        traces.append(milliseconds(fvcore))
    ours, theirs = median(warm), median(traces)
    print(f"efficientnet-b0, median of {rounds}")
    print(f"  Spec -> Plan -> cost    {ours:9.3f} ms   {macs:,} MAC")
    print(f"    first after fvcore    {median(cold):9.3f} ms")
    print(f"  fvcore on torchvision's {theirs:9.3f} ms   {traced:,} (its own convention)")
    print(f"  fvcore takes {theirs / ours:.0f} times as long")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)

"""How long to measure: until the interval is as narrow as requested, within bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

DEFAULT_PRECISION: Final = 0.02
DEFAULT_SECONDS: Final = 5.0
PRECISE_SECONDS: Final = 60.0
"""The bound where a precision is requested and no bound."""
DEFAULT_PROCESSES: Final = 5
"""Where lies what in memory, and all else that stays the same as long as a process lives, moved medians on the CPU by
2 to 3 % from one process to the next (`benchmarks/results/processes-in-turn.csv`)."""
LEAST_PROCESSES: Final = 3
PROCESS_SECONDS: Final = 0.8
"""The bound of a process where their number is open: more of them help where longer ones do not, and in the usual time
two that were disturbed can be replaced."""
LEAST_PROCESS_SECONDS: Final = 0.5
LEAST_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to measure.

    Attributes:
        precision: stop once half the 95 % interval of the end-to-end median is within this share of it.
        min_seconds: sample at least so long; a burst of luck is short.
        max_seconds: stop then in any case, warm-up included, once there are `min_rounds`.
        min_rounds: rounds (a plain and a stamped pass each) without which no interval can be given.
        least_warm_up_seconds: warm up at least so long, however steady: a core takes its time to speed up.
        warm_up_seconds: bound on the warm-up.
    """

    precision: float = DEFAULT_PRECISION
    min_seconds: float = 1.5
    max_seconds: float = DEFAULT_SECONDS
    min_rounds: int = 12
    least_warm_up_seconds: float = 0.2
    warm_up_seconds: float = 2.5


def budget_for(precision: float | None, max_seconds: float | None, processes: int | None = None) -> Budget:
    """The budget that a user requests, the warm-up being half of it at the most.

    Args:
        precision: as a share; `DEFAULT_PRECISION` if absent.
        max_seconds: if absent, `PRECISE_SECONDS` where a precision is requested, else `DEFAULT_SECONDS`, and as much
            more as there are more processes than usual.
        processes: how many will share it, if that is given.
    """
    usual = Budget()
    usual_seconds = DEFAULT_SECONDS * max(1.0, (processes or 1) / DEFAULT_PROCESSES)
    bound = max_seconds or (usual_seconds if precision is None else max(PRECISE_SECONDS, usual_seconds))
    return Budget(
        precision=precision or usual.precision,
        min_seconds=min(usual.min_seconds, bound / 2),
        max_seconds=bound,
        warm_up_seconds=min(usual.warm_up_seconds, bound / 2),
    )


def budget_of_process(budget: Budget, processes: int | None) -> Budget:
    """What one of several processes may take of a budget.

    Where their number is open, one need not be more precise than `DEFAULT_PRECISION`: more of them help where longer
    ones do not.

    Args:
        budget: of all of them.
        processes: how many there will be; if absent, until their interval is precise.
    """
    seconds = budget.max_seconds / (processes or DEFAULT_PROCESSES)
    if processes is None:
        seconds = min(seconds, PROCESS_SECONDS)
    return Budget(
        precision=budget.precision if processes else max(budget.precision, DEFAULT_PRECISION),
        min_seconds=min(LEAST_PROCESS_SECONDS, seconds / 2),
        max_seconds=seconds,
        min_rounds=max(LEAST_ROUNDS, math.ceil(budget.min_rounds / (processes or DEFAULT_PROCESSES))),
        least_warm_up_seconds=budget.least_warm_up_seconds,
        warm_up_seconds=seconds / 2,
    )

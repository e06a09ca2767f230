"""How long to measure: until the interval is as narrow as is asked for, within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_PRECISION: Final = 0.02
DEFAULT_SECONDS: Final = 6.0
PRECISE_SECONDS: Final = 60.0
"""The bound where a precision is asked for and no bound."""


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
    warm_up_seconds: float = 3.0


def budget_for(precision: float | None, max_seconds: float | None) -> Budget:
    """The budget of what a user asks for, the warm-up being half of it at the most.

    Args:
        precision: as a share; `DEFAULT_PRECISION` if absent.
        max_seconds: if absent, `DEFAULT_SECONDS`, or `PRECISE_SECONDS` where a precision is asked for.
    """
    usual = Budget()
    bound = max_seconds or (DEFAULT_SECONDS if precision is None else PRECISE_SECONDS)
    return Budget(
        precision=precision or usual.precision,
        min_seconds=min(usual.min_seconds, bound / 2),
        max_seconds=bound,
        warm_up_seconds=min(usual.warm_up_seconds, bound / 2),
    )

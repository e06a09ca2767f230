"""How good a clock is: the smallest time that it resolves, and what taking a stamp costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from mbconv_cli.measure.clock import Clock

STAMPS: Final = 1_000
TRIALS: Final = 5


@dataclass(frozen=True, slots=True)
class StampCost:
    """A clock's own figures, in ms.

    Attributes:
        resolution_ms: the smallest time seen between two stamps; infinite if none of them differ.
        stamp_ms: what one stamp costs.
    """

    resolution_ms: float
    stamp_ms: float


def stamp_cost(clock: Clock) -> StampCost:
    """Stamps with nothing between them, several times over; the best time counts, since only others make it longer."""
    trials = [_stamps_alone(clock) for _ in range(TRIALS)]
    resolution = min((time for times in trials for time in times if time > 0), default=math.inf)
    return StampCost(resolution, min(math.fsum(times) for times in trials) / STAMPS)


def _stamps_alone(clock: Clock) -> list[float]:
    clock.start()
    for _ in range(STAMPS):
        clock.stamp()
    return clock.finish()

"""What is timed, and what became of it: plain data, loaded by every check; the statistics are by those that measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mbconv_cli.check.config import AnyRule
from mbconv_cli.check.metrics import LATENCY
from mbconv_cli.check.row import Found
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell

if TYPE_CHECKING:
    from mbconv_cli.measure.statistics.control_variate import ProcessFigure


TimedKey: TypeAlias = tuple[str, str]
"""The key of a network, and which of its times."""


@dataclass(frozen=True, slots=True)
class LatencyTask:
    """A network to be timed.

    Attributes:
        network: its key.
        rule: what it may come to.
        head: what is checked.
        base: what it is measured against side by side, if anything.
        stored: what each process of a baseline found, measured under the same conditions.
        metric: which of its times, `LATENCY` or `LAUNCHED`.
    """

    network: str
    rule: AnyRule
    head: Plan
    base: Plan | None = None
    stored: tuple[ProcessFigure, ...] = ()
    metric: str = LATENCY

    @property
    def key(self) -> TimedKey:
        """What it is the task of."""
        return self.network, self.metric

    @property
    def candidates(self) -> tuple[Plan, ...]:
        """What takes turns in a process, the base first."""
        return (self.head,) if self.base is None else (self.base, self.head)

    @property
    def tests(self) -> int:
        """How many questions are asked of it."""
        compared = self.rule.max_increase is not None and (self.base is not None or bool(self.stored))
        return int(compared) + int(self.rule.max is not None)


@dataclass(frozen=True, slots=True)
class TimedCheck:
    """What became of a task: the verdict, the figures in ms, and the cells of what was measured."""

    found: Found
    base: float | None
    head: float
    measured: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Timing:
    """All tasks' results, and how they came about."""

    checks: Mapping[TimedKey, TimedCheck] = field(default_factory=dict)
    machine: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

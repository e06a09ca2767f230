"""One check as a row of the report, and what all rows together come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from mbconv_cli.check.config import AnyRule
from mbconv_cli.errors import Mark
from mbconv_cli.report.model import Cell, Row
from mbconv_cli.report.verdict import Level, Verdict

SPEC: Final = "spec"
"""The metric of a network that cannot be read, or is missing on one side."""

_FAILED: Final = frozenset({Verdict.FAIL, Verdict.MISSING})


@dataclass(frozen=True, slots=True)
class Found:
    """A verdict, and why."""

    verdict: Verdict
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one metric of one network.

    Attributes:
        network: what it is called.
        metric: its key, or `SPEC`.
        verdict: what it came to.
        message: why, in one sentence.
        level: how much that weighs.
        limit: as a person reads it.
        unit: of `base` and `head`.
        base: the figure to compare with.
        head: the figure that is checked.
        mark: the place in a YAML file that is to blame.
        file: the network's, where no place is to blame.
        measured: the cells that only what was measured has.
    """

    network: str
    metric: str
    verdict: Verdict
    message: str
    level: Level = Level.ERROR
    limit: str = ""
    unit: str = ""
    base: float | None = None
    head: float | None = None
    mark: Mark | None = None
    file: str | None = None
    measured: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Whether it is too much or missing."""
        return self.verdict in _FAILED

    @property
    def change(self) -> float | None:
        """By which share the figure rose; of a latency, what its ratio says, for that is what was measured."""
        ratio = self.measured.get("ratio")
        if isinstance(ratio, float):
            return ratio - 1
        if self.base is None or self.head is None or (self.base == 0 and self.head > 0):
            return None
        return (self.head - self.base) / self.base if self.base else 0.0

    def row(self) -> Row:
        """The cells under `CHECK_COLUMNS`."""
        return {
            "network": self.network,
            "metric": self.metric,
            "base": self.base,
            "head": self.head,
            "unit": self.unit,
            "change": self.change,
            "limit": self.limit,
            "verdict": self.verdict.value,
            "level": self.level.value,
            **self.measured,
            "file": self.mark.file if self.mark else self.file,
            "line": self.mark.line or None if self.mark else None,
            "column": self.mark.column or None if self.mark else None,
            "message": self.message,
        }


def limit_text(rule: AnyRule, *, compared: bool) -> str:
    """A rule's bounds as a person reads them.

    Args:
        rule: which.
        compared: whether there is anything to compare with; only then an increase is a bound.
    """
    bounds = {"max": rule.max, "max_increase": rule.max_increase if compared else None}
    return ", ".join(f"{key} {bound}" for key, bound in bounds.items() if bound is not None)


def tally(checks: Iterable[Check]) -> dict[str, Cell]:
    """How many checks came to what; each is counted once, and one that is only to be told of counts as a warning."""
    counts = Counter(_counted_as(check) for check in checks)
    keys = ("passed", "failed", "warned", "inconclusive", "not_comparable", "errors")
    return {key: counts[key] for key in keys}


def _counted_as(check: Check) -> str:
    match check.verdict:
        case Verdict.PASS:
            return "passed"
        case Verdict.ERROR:
            return "errors"
        case Verdict.OFF:
            return "off"
        case Verdict.FAIL | Verdict.MISSING:
            return "warned" if check.level is Level.WARN else "failed"
        case Verdict.INCONCLUSIVE:
            return "warned" if check.level is Level.WARN else "inconclusive"
        case Verdict.NOT_COMPARABLE:
            return "warned" if check.level is Level.WARN else "not_comparable"
        case _:
            assert_never(check.verdict)

"""One check as a row of the report, and what all rows together come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from mbconv_cli.check.acceptance import Acceptance
from mbconv_cli.check.config import AnyRule
from mbconv_cli.errors import Mark
from mbconv_cli.quantities import Limit
from mbconv_cli.report.model import Cell, Row
from mbconv_cli.report.verdict import Level, Severity, Verdict, severity

ACCEPT: Final = "accept"
"""The metric of an entry of `accept` without effect."""
CONFIG: Final = "config"
"""The metric of the config itself, where the base's cannot be read."""
OVERRIDE: Final = "override"
"""The metric of an override that matches no network."""
SPEC: Final = "spec"
"""The metric of a network that cannot be read, or is missing on one side."""


@dataclass(frozen=True, slots=True)
class Found:
    """A verdict, why, and the entry of `accept` without which it would be another one."""

    verdict: Verdict
    message: str
    accepted: Acceptance | None = None


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
        next_step: what to do about it, where it did not pass.
        accepted: the entry of `accept` without which it would not pass.
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
    next_step: str = ""
    accepted: Acceptance | None = None

    @property
    def severity(self) -> Severity:
        """How much it weighs."""
        return severity(self.verdict, self.level)

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
            **({"next_step": self.next_step} if self.next_step else {}),
        }


def limit_text(rule: AnyRule, *, compared: bool, margin: Limit | None = None) -> str:
    """A rule's bounds as a person reads them.

    Args:
        rule: which.
        compared: whether there is anything to compare with; only then an increase is a bound.
        margin: of what is measured: how far beyond a bound passes, for want of a sharper test.
    """
    bounds = {"max": rule.max, "max_increase": rule.max_increase if compared else None}
    beyond = f" + {margin} margin" if margin is not None and margin.value else ""
    return ", ".join(f"{key} {bound}{beyond}" for key, bound in bounds.items() if bound is not None)


def tally(checks: Iterable[Check]) -> dict[str, Cell]:
    """How many checks came to what; each is counted once, and what only warns counts as a warning."""
    counts = Counter(_count_key(check) for check in checks)
    keys = ("passed", "failed", "warned", "inconclusive", "not_comparable", "errors")
    return {key: counts[key] for key in keys}


def _count_key(check: Check) -> str:
    match check.severity:
        case Severity.FAULT:
            return "errors"
        case Severity.UNDECIDED:
            return "inconclusive" if check.verdict is Verdict.INCONCLUSIVE else "not_comparable"
        case Severity.FAILED | Severity.WARNED | Severity.PASSED | Severity.OFF:
            return str(check.severity.value)
        case _:
            assert_never(check.severity)

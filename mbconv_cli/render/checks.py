"""The rows of a check's report, typed: what each came to, and the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from mbconv_cli.report.model import Report, Row
from mbconv_cli.report.verdict import CHECKS, Level, Verdict

CHECK: Final = "check"
"""The kind of report that has checks."""


class Outcome(Enum):
    """What a check means for whoever waits for it, the worst first."""

    FAULT = "error"
    FAILED = "failed"
    UNDECIDED = "undecided"
    WARNED = "warned"
    PASSED = "passed"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Check:
    """One metric of one network.

    Attributes:
        network: its name.
        metric: the key of the metric; `spec` where the network itself is missing or cannot be read.
        verdict: what the comparison with the limit came to.
        level: how much a failure weighs.
        message: one sentence: why.
        row: the row of the report, with the figures.
    """

    network: str
    metric: str
    verdict: Verdict
    level: Level
    message: str
    row: Row

    @property
    def name(self) -> str:
        """What the check is called in a list."""
        return f"{self.network} {self.metric}"

    @property
    def outcome(self) -> Outcome:
        """The verdict, weighed by the level."""
        match self.verdict:
            case Verdict.ERROR:
                return Outcome.FAULT
            case Verdict.PASS:
                return Outcome.PASSED
            case Verdict.OFF:
                return Outcome.OFF
            case Verdict.INCONCLUSIVE | Verdict.NOT_COMPARABLE:
                return Outcome.UNDECIDED
            case Verdict.FAIL | Verdict.MISSING:
                return _FAILED[self.level]
        assert_never(self.verdict)

    @property
    def place(self) -> str:
        """`file:line:column` of what is to blame, as far as it is known."""
        return ":".join(str(self.row[key]) for key in ("file", "line", "column") if self.row.get(key) is not None)

    def number(self, key: str) -> int | float | None:
        """The figure under a key, if there is one."""
        value = self.row.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


_FAILED: Final = {Level.ERROR: Outcome.FAILED, Level.WARN: Outcome.WARNED, Level.OFF: Outcome.OFF}
_ORDER: Final = {outcome: place for place, outcome in enumerate(Outcome)}


def checks(report: Report) -> list[Check]:
    """All checks of a report, in its order."""
    return list(map(_check, report.sections[CHECKS].rows))


def worst_first(report: Report) -> list[Check]:
    """All checks of a report, the worst first, and otherwise in its order."""
    return sorted(checks(report), key=lambda check: _ORDER[check.outcome])


def _check(row: Row) -> Check:
    return Check(
        network=str(row["network"]),
        metric=str(row["metric"]),
        verdict=Verdict(row["verdict"]),
        level=Level(row.get("level") or Level.ERROR),
        message=str(row.get("message") or ""),
        row=row,
    )

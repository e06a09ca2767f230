"""The rows of a check's report, typed: what each came to, and the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mbconv_cli.report.model import Report, Row
from mbconv_cli.report.verdict import CHECKS, Level, Severity, Verdict, severity

CHECK: Final = "check"
"""The kind of report that has checks."""


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
    def severity(self) -> Severity:
        """How much it weighs."""
        return severity(self.verdict, self.level)

    @property
    def place(self) -> str:
        """`file:line:column` of what is to blame, as far as it is known."""
        return ":".join(str(self.row[key]) for key in ("file", "line", "column") if self.row.get(key) is not None)

    def number(self, key: str) -> int | float | None:
        """The figure under a key, if there is one."""
        value = self.row.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


_ORDER: Final = {one: place for place, one in enumerate(Severity)}


def checks(report: Report) -> list[Check]:
    """All checks of a report, in its order."""
    return list(map(_check, report.sections[CHECKS].rows))


def worst_first(report: Report) -> list[Check]:
    """All checks of a report, the worst first, and otherwise in its order."""
    return sorted(checks(report), key=lambda check: _ORDER[check.severity])


def _check(row: Row) -> Check:
    return Check(
        network=str(row["network"]),
        metric=str(row["metric"]),
        verdict=Verdict(row["verdict"]),
        level=Level(row.get("level") or Level.ERROR),
        message=str(row.get("message") or ""),
        row=row,
    )

"""The rows of a check's report, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mbconv_cli.report.model import Report, Row
from mbconv_cli.report.verdict import CHECKS, Level, Severity, Verdict, severity

_WELL: Final = (Severity.PASSED, Severity.OFF)


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

    @property
    def repository_file(self) -> str:
        """The file to blame, from the top of its repository where it is in one."""
        return str(self.row.get("repository_file") or self.row.get("file") or "")

    def number(self, key: str) -> int | float | None:
        """The figure under a key, if there is one."""
        value = self.row.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def checks(report: Report) -> list[Check]:
    """All checks of a report, in its order."""
    return list(map(_check, report.sections[CHECKS].rows))


def is_well(check: Check) -> bool:
    """Whether there is nothing to do about it."""
    return check.severity in _WELL


def _check(row: Row) -> Check:
    return Check(
        network=str(row["network"]),
        metric=str(row["metric"]),
        verdict=Verdict(row["verdict"]),
        level=Level(row.get("level") or Level.ERROR),
        message=str(row.get("message") or ""),
        row=row,
    )

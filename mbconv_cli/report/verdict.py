"""The verdicts of `mbconv check`, how much each weighs, and the columns of its report: a row for each metric."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, assert_never

from mbconv_cli.report.model import Better, Column, Kind, Priority
from mbconv_cli.units import CHANGE, COUNT, RATIO

CHECK: Final = "check"
"""The kind of report that has checks."""


class Verdict(str, Enum):
    """What a check came to. The vocabulary is closed."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARABLE = "not comparable"
    MISSING = "missing"
    ERROR = "error"
    OFF = "off"


class Level(str, Enum):
    """How much a failed check weighs: it fails the run, it is only a warning, or nothing is checked."""

    ERROR = "error"
    WARN = "warn"
    OFF = "off"


class Severity(Enum):
    """What a check means for whoever waits for it, the worst first."""

    FAULT = "error"
    FAILED = "failed"
    UNDECIDED = "undecided"
    WARNED = "warned"
    PASSED = "passed"
    OFF = "off"


def severity(verdict: Verdict, level: Level) -> Severity:
    """How much a verdict weighs: a rule that only warns turns whatever did not pass into a warning."""
    match verdict:
        case Verdict.ERROR:
            return Severity.FAULT
        case Verdict.PASS:
            return Severity.PASSED
        case Verdict.OFF:
            return Severity.OFF
        case _ if level is Level.WARN:
            return Severity.WARNED
        case Verdict.FAIL | Verdict.MISSING:
            return Severity.FAILED
        case Verdict.INCONCLUSIVE | Verdict.NOT_COMPARABLE:
            return Severity.UNDECIDED
    assert_never(verdict)


_WORST_FIRST: Final = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.MISSING,
    Verdict.NOT_COMPARABLE,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
    Verdict.OFF,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that decides where one metric has several: of a budget and an increase, or of two questions."""
    return min(verdicts, key=_WORST_FIRST.index)


CHECKS: Final = "checks"
"""The section of the rows."""

CHECK_COLUMNS: Final = (
    Column("network"),
    Column("metric"),
    Column(
        "base", kind=Kind.EXACT, better=Better.LOWER, priority=Priority.CONTEXT, pair="base and head"
    ),  # as the next three in the row's unit
    Column("head", kind=Kind.EXACT, better=Better.LOWER, priority=Priority.CONTEXT, pair="base and head"),
    Column("head_low", kind=Kind.MEASURED),  # of a latency
    Column("head_high", kind=Kind.MEASURED),
    Column("unit"),
    Column("change", CHANGE, Kind.EXACT, Better.LOWER, priority=Priority.CONTEXT),
    Column("limit"),
    Column("verdict", kind=Kind.EXACT),
    Column("level"),
    Column("ratio", RATIO, Kind.MEASURED, Better.LOWER),
    Column("ratio_low", RATIO, Kind.MEASURED),
    Column("ratio_high", RATIO, Kind.MEASURED),
    Column("detectable", CHANGE, Kind.MEASURED, Better.LOWER),
    Column("processes", COUNT, Kind.EXACT),
    Column("file"),
    Column("line"),
    Column("column"),
    Column("message"),
    Column("next_step"),
    Column("repository_file"),  # as `file`, from the top of its repository
)

MEASURED_KEYS: Final = frozenset(
    {"head_low", "head_high", "ratio", "ratio_low", "ratio_high", "detectable", "processes"}
)
"""The columns that are left out where nothing was measured."""

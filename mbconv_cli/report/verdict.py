"""The verdicts of `mbconv check`, and the columns of the report that carries them, one row a network and metric."""

from __future__ import annotations

from enum import Enum
from typing import Final

from mbconv_cli.report.model import Better, Column, Kind
from mbconv_cli.units import CHANGE, COUNT, RATIO


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
    """How much a failed check weighs: it fails the whole, it is only told, or nothing is checked."""

    ERROR = "error"
    WARN = "warn"
    OFF = "off"


CHECKS: Final = "checks"
"""The section of the rows."""

CHECK_COLUMNS: Final = (
    Column("network"),
    Column("metric"),
    Column("base", kind=Kind.EXACT, better=Better.LOWER),  # as the next three in the row's unit
    Column("head", kind=Kind.EXACT, better=Better.LOWER),
    Column("head_low", kind=Kind.MEASURED),  # of a latency
    Column("head_high", kind=Kind.MEASURED),
    Column("unit"),
    Column("change", CHANGE, Kind.EXACT, Better.LOWER),
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
)

MEASURED_KEYS: Final = frozenset(
    {"head_low", "head_high", "ratio", "ratio_low", "ratio_high", "detectable", "processes"}
)
"""The columns that are left out where nothing was measured."""

"""Units, and how a quantity is written for people."""

from __future__ import annotations

from typing import Final

MAC: Final = "MAC"
FLOP: Final = "FLOP"
PARAM: Final = "param"
BYTE: Final = "byte"
MILLISECOND: Final = "ms"
SECOND: Final = "s"
SHARE: Final = "share"
CHANGE: Final = "change"
RATIO: Final = "ratio"
COUNT: Final = "count"
PIXEL: Final = "px"
NONE: Final = ""

FLOPS_PER_MAC: Final = 2
NANOSECONDS_PER_MILLISECOND: Final = 1_000_000
MICROSECONDS_PER_MILLISECOND: Final = 1_000

_DECIMAL = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
_BINARY = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def decimal(value: float) -> str:
    """Four significant digits and a decimal prefix: `385.8M`."""
    for size, prefix in _DECIMAL:
        if abs(value) >= size:
            return f"{value / size:.4g}{prefix}"
    return f"{value:.4g}"


def binary(value: float) -> str:
    """Bytes with a binary prefix: `20.2 MiB`."""
    for size, prefix in _BINARY:
        if abs(value) >= size:
            return f"{value / size:.1f} {prefix}"
    return f"{value:.0f} B"


def milliseconds(value: float) -> str:
    """A time in ms, to the microsecond, so that the points of a column stand under each other."""
    return f"{value:,.3f}"

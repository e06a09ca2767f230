"""Units, and how a quantity is written for people."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

MAC: Final = "MAC"
FLOP: Final = "FLOP"
PARAM: Final = "param"
BYTE: Final = "byte"
MILLISECOND: Final = "ms"
SECOND: Final = "s"
JOULE: Final = "J"
SHARE: Final = "share"
FRACTION: Final = "fraction"
"""Of a limit, say; unlike shares, fractions are no parts of one whole."""
PERCENT: Final = "%"
"""Of a figure that is given in percent, such as an accuracy."""
CHANGE: Final = "change"
RATIO: Final = "ratio"
COUNT: Final = "count"
PIXEL: Final = "px"
IMAGE_PER_SECOND: Final = "image/s"
FLOP_PER_BYTE: Final = "FLOP/byte"
GIGAFLOP_PER_SECOND: Final = "GFLOP/s"
GIGABYTE_PER_SECOND: Final = "GB/s"
NONE: Final = ""

FLOPS_PER_MAC: Final = 2
NANOSECONDS_PER_MILLISECOND: Final = 1_000_000
MILLISECONDS_PER_SECOND: Final = 1_000
MICROSECONDS_PER_MILLISECOND: Final = 1_000
GIGA: Final = 10**9
MOST_DECIMALS: Final = 9

_DECIMAL = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
_BINARY = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def decimal(value: float) -> str:
    """Four significant digits and a decimal prefix: `385.8 M`."""
    for size, prefix in _DECIMAL:
        if abs(value) >= size:
            return f"{_four_digits(value / size)} {prefix}"
    return f"{value:.4g}"


def _four_digits(value: float) -> str:
    """Four significant digits, ending noughts too, so that figures of a column look equally precise."""
    digits_before = len(str(int(abs(value))))
    return f"{value:.{max(4 - digits_before, 0)}f}"


def binary(value: float) -> str:
    """Bytes with a binary prefix: `20.2 MiB`."""
    for size, prefix in _BINARY:
        if abs(value) >= size:
            return f"{value / size:.1f} {prefix}"
    return f"{value:.0f} B"


SHORT_MS: Final = 0.01


def milliseconds(value: float, *, beside: float | None = None) -> str:
    """A time in ms, to the microsecond, so that the points of a column stand under each other.

    Below 10 us, as kernels of accelerators are, to a tenth of one.

    Args:
        value: the time.
        beside: the time that it stands beside, whose decimals it takes.
    """
    decimals = 4 if 0 < abs(value if beside is None else beside) < SHORT_MS else 3
    return f"{value:,.{decimals}f}"


def change_text(change: Fraction, *, beyond: Fraction | None = None) -> str:
    """A share as a change in percent, with two digits or as many as tell it from a limit that it goes beyond.

    Args:
        change: 1/50 is `+2 %`.
        beyond: the limit, likewise a share.
    """
    percent = 100 * change
    for decimals in range(MOST_DECIMALS):
        shown = Fraction(f"{float(percent):.{decimals}f}")
        distinct = beyond is None or (shown > 100 * beyond) == (percent > 100 * beyond)
        if distinct and (percent == shown or abs(shown) >= 10**-decimals * 10):
            return f"{float(percent):+,.{decimals}f} %"
    return f"{float(percent):+.2g} %"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 thread`, `1,200 threads`; the plural has an s (after a hiss: es) unless it is given."""
    regular = noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
    return f"{count:,} {noun if count == 1 else plural or regular}"

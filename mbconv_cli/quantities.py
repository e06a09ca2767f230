"""Limits as people write them (`5.3M`, `20 MiB`, `25 ms`, `2%`), read without rounding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, InstanceOf, WithJsonSchema

COUNT_UNITS: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BYTE_UNITS: Final = {
    "": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip
MILLISECOND_UNITS: Final = {"": Fraction(1), "us": Fraction(1, 1000), "ms": Fraction(1), "s": Fraction(1000)}

_QUANTITY: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([A-Za-z]{0,3})")
_PERCENT: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?%")


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound, and how its writer put it.

    Attributes:
        text: as it was written.
        value: exact; a share (2 % is 1/50), or in the unit of the metric: param, MAC, FLOP, byte, ms.
    """

    text: str
    value: Fraction

    def __str__(self) -> str:
        return self.text


def parse_share(written: Any) -> Limit:
    """`2%` or `0` as a Limit; a number without a percent sign could mean either, so 0 alone goes without.

    Raises:
        ValueError: it is neither.
    """
    if written == 0 and not isinstance(written, bool):
        return Limit("0", Fraction(0))
    match = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    if not match:
        raise ValueError("should be a percentage such as 2%, or 0")
    return Limit(written, Fraction(match[1]) / 100)


def parse_quantity(written: Any, units: Mapping[str, int] | Mapping[str, Fraction], example: str) -> Limit:
    """A number with one of the units as a Limit.

    Args:
        written: a number or a text.
        units: how much each one is.
        example: a quantity that is right, for the message.

    Raises:
        ValueError: it is no such quantity.
    """
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise ValueError(f"should be a quantity such as {example}")  # noqa: TRY004 - what pydantic takes for a finding
    match = _QUANTITY.fullmatch(written if isinstance(written, str) else _digits(written))
    if not match or match[2] not in units:
        names = ", ".join(filter(None, units))
        raise ValueError(f"should be a quantity such as {example}, in one of the units {names}")
    return Limit(str(written), Fraction(match[1]) * units[match[2]])


def _digits(number: float) -> str:
    """A number as it was written, without rounding and without an exponent."""
    return format(Decimal(repr(number)), "f")


def _schema(pattern: str, example: str) -> WithJsonSchema:
    text = {"type": "string", "pattern": pattern, "examples": [example]}
    return WithJsonSchema({"oneOf": [{"type": "number", "minimum": 0}, text]})


def _quantity_schema(units: Mapping[str, Any], example: str) -> WithJsonSchema:
    return _schema(rf"^[0-9]+(\.[0-9]+)? ?({'|'.join(units)})$", example)


Share: TypeAlias = Annotated[
    InstanceOf[Limit],
    BeforeValidator(parse_share),
    WithJsonSchema({"oneOf": [{"const": 0}, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?%$"}]}),
]
Count: TypeAlias = Annotated[
    InstanceOf[Limit],
    BeforeValidator(lambda written: parse_quantity(written, COUNT_UNITS, "5.3M")),
    _quantity_schema(COUNT_UNITS, "5.3M"),
]
Bytes: TypeAlias = Annotated[
    InstanceOf[Limit],
    BeforeValidator(lambda written: parse_quantity(written, BYTE_UNITS, "20 MiB")),
    _quantity_schema(BYTE_UNITS, "20 MiB"),
]
Milliseconds: TypeAlias = Annotated[
    InstanceOf[Limit],
    BeforeValidator(lambda written: parse_quantity(written, MILLISECOND_UNITS, "25 ms")),
    _quantity_schema(MILLISECOND_UNITS, "25 ms"),
]

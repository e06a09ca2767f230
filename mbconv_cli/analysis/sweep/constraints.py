"""`--where 'macs <= 400M'`: which points of a sweep are kept."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.quantities import BYTE_UNITS, COUNT_UNITS, parse_quantity

Units: TypeAlias = Mapping[str, int] | Mapping[str, Fraction]

UNITS: Final[Mapping[str, Units]] = {
    "params": COUNT_UNITS,
    "macs": COUNT_UNITS,
    "flops": COUNT_UNITS,
    "bytes": BYTE_UNITS,
    "peak_bytes": BYTE_UNITS,
}
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
}
_CONDITION: Final = re.compile(r"\s*([A-Za-z_]+)\s*(<=|>=|==|<|>)\s*(.+?)\s*")
_UPPER, _LOWER = ("<=", "<", "=="), (">=", ">", "==")


@dataclass(frozen=True, slots=True)
class Condition:
    """A bound on one exact figure, compared without rounding."""

    text: str
    key: str
    relation: str
    value: Fraction

    def holds(self, figures: Mapping[str, Any]) -> bool:
        """Whether a point's figures satisfy it."""
        return _OPERATORS[self.relation](figures[self.key], self.value)


def parse_conditions(texts: Sequence[str], units: Mapping[str, Units] = UNITS) -> tuple[Condition, ...]:
    """All conditions, which hold together.

    Args:
        texts: each `KEY RELATION QUANTITY`.
        units: of the figures that there are.

    Raises:
        InputError: one is not of the form KEY RELATION QUANTITY, or no figure can satisfy all of them.
    """
    conditions = tuple(_condition(text, units) for text in texts)
    for upper in (c for c in conditions if c.relation in _UPPER):
        for lower in (c for c in conditions if c.key == upper.key and c.relation in _LOWER):
            touching = "<" not in (upper.relation, lower.relation) and ">" not in (upper.relation, lower.relation)
            if lower.value > upper.value or (lower.value == upper.value and not touching):
                raise InputError(f"--where {lower.text!r} and --where {upper.text!r} exclude each other; change one")
    return conditions


def _example(key: str) -> str:
    """A quantity of a figure, for a message."""
    if key.endswith("_ms"):
        return "15 ms"
    return "20 MiB" if "bytes" in key else "400M"


def _condition(text: str, units: Mapping[str, Units]) -> Condition:
    match = _CONDITION.fullmatch(text)
    if not match:
        raise InputError(f"--where {text!r}: should be KEY RELATION QUANTITY, e.g. 'macs <= 400M'")
    key, relation, quantity = match.groups()
    if key not in units:
        hint = did_you_mean(key, units) or f"; valid are {', '.join(units)}"
        raise InputError(f"--where {text!r}: no exact figure {key!r}{hint}")
    try:
        limit = parse_quantity(quantity, units[key], _example(key))
    except ValueError as error:
        raise InputError(f"--where {text!r}: {error}") from error
    return Condition(text, key, relation, limit.value)

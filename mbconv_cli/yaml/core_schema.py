"""What a plain scalar means in YAML 1.2's core schema (section 10.3.2 of https://yaml.org/spec/1.2.2/)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

MAX_DIGITS: Final = 30

_CORE_SCHEMA: Final[tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...]] = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text, 0)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text, 0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda _: float("nan")),
)
_MAY_BE_NO_STRING: Final = frozenset("~nNtTfF+-.0123456789")


def resolve_scalar(text: str) -> str | int | float | bool | None:
    """What a plain (unquoted) scalar means in YAML 1.2's core schema.

    Raises:
        ValueError: a number with more digits than any size, ratio or count has.
    """
    if text and text[0] not in _MAY_BE_NO_STRING:
        return text
    for pattern, construct in _CORE_SCHEMA:
        if pattern.fullmatch(text):
            if len(text) > MAX_DIGITS:
                raise ValueError(f"a number of {len(text)} characters; at most {MAX_DIGITS} make sense")
            value: str | int | float | bool | None = construct(text)
            return value
    return text

"""What a fresh process reports to the one that started it, each message a pickle on its standard output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from mbconv_cli.errors import Problem


@dataclass(frozen=True, slots=True)
class Ready:
    """It has imported what it needs, and waits for its arguments."""


@dataclass(frozen=True, slots=True)
class Underway:
    """A share of its work is done."""

    share: float


@dataclass(frozen=True, slots=True)
class Returned:
    """What the function returned."""

    value: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """The function raised an error of this project."""

    problems: tuple[Problem, ...]
    exit_code: int


@dataclass(frozen=True, slots=True)
class Interrupted:
    """It was interrupted before there was anything to report."""


Message: TypeAlias = Ready | Underway | Returned | Refused | Interrupted

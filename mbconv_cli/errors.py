"""The errors a user can cause or must hear of, each with the exit code it becomes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class MbconvError(Exception):
    """A fault that is told in plain sentences, one a line, and never as a traceback."""

    exit_code: ClassVar[int] = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InputError(MbconvError):
    """Wrong usage or bad input: a file, a value, a device that is not there."""


class CheckFailedError(MbconvError):
    """Everything was readable, and the answer is no: an audit, a budget, a regression."""

    exit_code = 1


class UndecidedError(MbconvError):
    """Nothing failed, but something could not be told: a measurement too noisy, or not comparable."""

    exit_code = 3


def did_you_mean(word: str, valid: Iterable[str], *, cutoff: float = 0.6) -> str:
    """`; did you mean 'x'?` for the nearest of the valid words, whatever their case, or nothing if none is near."""
    names = {name.casefold(): name for name in valid}
    nearest = difflib.get_close_matches(word.casefold(), list(names), n=3, cutoff=cutoff)
    if not nearest:
        return ""
    return "; did you mean " + " or ".join(repr(names[name]) for name in nearest) + "?"

"""The errors that a user can cause or has to know of, each with its exit code, and the problems that they report."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; line and column count from one, and are zero where the origin is no file with lines."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        what: a sentence.
        mark: where it stands, if it stands in a file.
    """

    what: str
    mark: Mark | None = None

    def __str__(self) -> str:
        return f"{self.mark}: {self.what}" if self.mark else self.what


class MbconvError(Exception):
    """A fault that is reported in plain sentences, each on a line, and never as a traceback.

    Args:
        problems: a text is a problem that stands in no file.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(one if isinstance(one, Problem) else Problem(one) for one in problems)
        super().__init__("\n".join(self.sentences))

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each problem, with its place before it."""
        return tuple(map(str, self.problems))


class AssumptionWarning(UserWarning):
    """A network was read as its file most likely means it, and the file could say so."""


class InputError(MbconvError):
    """Wrong usage or bad input: a file, a value, a device that is not there."""


class CheckFailedError(MbconvError):
    """Everything was readable, and the answer is no: an audit, a budget, a regression."""

    exit_code = 1


class UndecidedError(MbconvError):
    """Nothing failed, but something could not be decided: a measurement too noisy, or not comparable."""

    exit_code = 3


def did_you_mean(word: str, valid: Iterable[str], *, cutoff: float = 0.6) -> str:
    """`; did you mean 'x'?` for the nearest of the valid words, whatever their case, or nothing if none is near."""
    names = {name.casefold(): name for name in valid}
    nearest = difflib.get_close_matches(word.casefold(), list(names), n=3, cutoff=cutoff)
    if not nearest:
        return ""
    return "; did you mean " + " or ".join(repr(names[name]) for name in nearest) + "?"

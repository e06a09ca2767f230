"""How accurate networks are: as published in their files, or as a user's own table gives it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mbconv_cli.errors import InputError, Mark, Problem, did_you_mean
from mbconv_cli.spec.catalogue import read
from mbconv_cli.spec.spec import Spec

NAME: Final = "name"
TOP1: Final = "top1"
SOURCE: Final = "source"
_MOST: Final = 100.0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A top-1 accuracy.

    Attributes:
        top1: in %.
        source: where it comes from.
        tested_at: (height, width) in pixels of the test, where that is known.
    """

    top1: float
    source: str
    tested_at: tuple[int, int] | None = None


def published_accuracy(spec: Spec) -> Accuracy | None:
    """What a network's file gives for published weights, if anything."""
    if spec.published is None:
        return None
    return Accuracy(spec.published.top1, spec.published.weights, spec.published.tested_at)


def read_accuracies(file: Path) -> Mapping[str, Accuracy]:
    """The table of a CSV file with the columns `name`, `top1` (in %) and, if wanted, `source`.

    Raises:
        InputError: it cannot be read, lacks a column, or a line is not valid; all lines are reported together.
    """
    lines = list(csv.reader(read(file).splitlines()))
    header = [cell.strip() for cell in lines[0]] if lines else []
    missing = [column for column in (NAME, TOP1) if column not in header]
    if missing:
        what = f"no column {' and no column '.join(missing)}; needed are {NAME} and {TOP1} (in %)"
        raise InputError(Problem(what, Mark(str(file), 1, 1)))
    found: dict[str, Accuracy] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines[1:], start=2):
        cells = dict(zip(header, (cell.strip() for cell in line), strict=False))
        if not any(cells.values()):
            continue
        name, top1 = cells.get(NAME, ""), _percent(cells.get(TOP1, ""))
        if not name or name in found or top1 is None:
            what = _complaint(name, cells.get(TOP1, ""), twice=name in found)
            problems.append(Problem(what, Mark(str(file), number, 1)))
        else:
            found[name] = Accuracy(top1, cells.get(SOURCE) or file.name)
    if problems:
        raise InputError(*problems)
    return found


def require_used(file: Path, table: Mapping[str, Accuracy], names: Iterable[str]) -> None:
    """Refuse a table that is about none of the networks.

    Raises:
        InputError: names the nearest network to its first row.
    """
    known = list(names)
    if not table.keys() & set(known):
        first = next(iter(table), None)
        hint = did_you_mean(first, known) if first else ""
        rows = f"its first row is about {first!r}{hint}" if first else "it has no rows"
        raise InputError(f"--accuracy {file}: has none of the networks that are compared; {rows}")


def _percent(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value <= _MOST else None


def _complaint(name: str, top1: str, *, twice: bool) -> str:
    if not name:
        return "no name"
    return f"{name} is there twice" if twice else f"top1 of {name} should be a percentage up to 100; got {top1!r}"

"""How accurate networks are: as published in their files, or as a user's own table gives it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mbconv_cli.errors import InputError
from mbconv_cli.spec.catalogue import read
from mbconv_cli.spec.spec import Spec

NAME, TOP1, SOURCE = "name", "top1", "source"
_MOST: Final = 100.0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A top-1 accuracy in %, and where it comes from."""

    top1: float
    source: str


def published_accuracy(spec: Spec) -> Accuracy | None:
    """The accuracy of published weights that a network's file gives, if any."""
    published = spec.published
    if published is None:
        return None
    height, width = published.tested_at
    pixels = str(height) if height == width else f"{height}x{width}"
    return Accuracy(published.top1, f"{published.weights}, tested at {pixels} px")


def read_accuracies(file: Path) -> Mapping[str, Accuracy]:
    """The table of a CSV file with the columns `name`, `top1` (in %) and, if wanted, `source`.

    Raises:
        InputError: it cannot be read, lacks a column, or a line is not valid; all lines are reported together.
    """
    lines = list(csv.reader(read(file).splitlines()))
    header = [cell.strip() for cell in lines[0]] if lines else []
    missing = [column for column in (NAME, TOP1) if column not in header]
    if missing:
        raise InputError(f"{file}:1: no column {' and no column '.join(missing)}; needed are {NAME} and {TOP1} (in %)")
    found: dict[str, Accuracy] = {}
    problems: list[str] = []
    for number, line in enumerate(lines[1:], start=2):
        cells = dict(zip(header, (cell.strip() for cell in line), strict=False))
        if not any(cells.values()):
            continue
        name, top1 = cells.get(NAME, ""), _percent(cells.get(TOP1, ""))
        if not name or name in found or top1 is None:
            problems.append(f"{file}:{number}: {_complaint(name, name in found, cells.get(TOP1, ''))}")
        else:
            found[name] = Accuracy(top1, cells.get(SOURCE) or file.name)
    if problems:
        raise InputError(*problems)
    return found


def _percent(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value <= _MOST else None


def _complaint(name: str, twice: bool, top1: str) -> str:
    if not name:
        return "no name"
    return f"{name} is there twice" if twice else f"top1 of {name} should be a percentage up to 100; got {top1!r}"

"""Report, Section, Column, Provenance: what every analysis returns and every renderer takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TypeAlias

SCHEMA = "mbconv.report/1"

Cell: TypeAlias = str | int | float | bool | tuple[int, ...] | None
Row: TypeAlias = Mapping[str, Cell]


class Kind(str, Enum):
    """How a column's figures came about, and so how two of them are compared."""

    LABEL = "label"
    EXACT = "exact"
    MEASURED = "measured"


class Better(str, Enum):
    """Which direction of a figure is the better one."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


class Priority(IntEnum):
    """How long a column stays where a terminal is too narrow for all of them: the lowest goes first."""

    EXTRA = 0
    DERIVED = 1
    DETAIL = 2
    CONTEXT = 3
    FIGURE = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a section.

    Attributes:
        key: of its cells.
        unit: of its cells.
        kind: how its figures came about.
        better: which direction of a figure is the better one.
        priority: how long it stays on a narrow terminal; of equal ones the left one goes first.
        pair: columns of one pair mean something only together, so they stay or go together.
    """

    key: str
    unit: str = ""
    kind: Kind = Kind.LABEL
    better: Better = Better.NEITHER
    priority: Priority = field(default=Priority.FIGURE, compare=False)  # how it is shown, not what it is
    pair: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Plot:
    """Some columns of a section as curves over another one.

    Attributes:
        x: the key of the column along the axis.
        y: the keys of the curves; a row that lacks one has no point of it.
        level: a value of y to compare the curves with.
        marks: values of x that matter.
        by: the key of a column whose values part the points of a curve into several.
        rows: the points, where they are others than the section's rows. A point's `name` is shown where there is a
            pointer, its `label` beside it.
        front: the value of `by` whose points are a front: they are joined by steps.
    """

    x: str
    y: tuple[str, ...]
    level: float | None = None
    marks: tuple[float, ...] = ()
    by: str | None = None
    rows: tuple[Row, ...] | None = None
    front: str | bool | None = None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a person sees of a section first; JSON and CSV have every row.

    Attributes:
        title: the section's name for what is shown, e.g. `slowest layers`; its own if empty.
        rows: those shown, the rest summed up; none where the section answers no first question.
    """

    title: str = ""
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under typed columns. A row may lack a column's key where nothing was measured.

    A section with a plot can also be drawn where the format allows it; one with an excerpt is shortened for people.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    plot: Plot | None = None
    excerpt: Excerpt | None = field(default=None, compare=False)  # how it is shown, not what it is


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the figures come from, to decide whether two reports are comparable."""

    mbconv: str
    convention: str
    spec_sha256: str | None = None
    machine: Mapping[str, Cell] = field(default_factory=dict)
    settings: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What a command found out.

    Attributes:
        kind: which question was asked (`profile`, `networks`, ...).
        provenance: program, convention, spec and machine.
        subject: what the report is about, e.g. `name` and `input_shape` `[N, C, H, W]`.
        totals: figures of the whole subject, under the keys of the columns they sum.
        sections: tables by name, in reading order.
        notes: sentences for the reader, in reading order.
        prose: paragraphs that come before the tables, and drawings, which have several lines.
        measurement: how it was measured, in figures for programs; the notes say to people what matters of it.
        samples: raw samples in the order in which they were taken, under the key of the total they are of; and each
            process's estimate under that key with `process_` before it.
    """

    kind: str
    provenance: Provenance
    subject: Mapping[str, Cell] = field(default_factory=dict)
    totals: Mapping[str, Cell] = field(default_factory=dict)
    sections: Mapping[str, Section] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    measurement: Mapping[str, Cell] = field(default_factory=dict)
    samples: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    prose: tuple[str, ...] = ()

"""Which rows of a profile are shown, and in which order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mbconv_cli.analysis.grouping import By
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.measure.execution import Backend, Execution
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell, Column, Row
from mbconv_cli.units import counted


@dataclass(frozen=True, slots=True)
class View:
    """Which rows a profile shows, and in which order.

    Attributes:
        by: what a row is.
        sort: the column to sort by, largest first (labels: A to Z); running order if absent.
        top: how many rows; the others are summed up in one last row.
        depth: how many parts of a module's path make a row by module.
        launches: whether rows say how long the host takes to launch them on an accelerator.
        overview: whether to show the stages first, and of the rows themselves those that cost the most.
    """

    by: By = By.LAYER
    sort: str | None = None
    top: int | None = None
    overview: bool = False
    depth: int = 1
    launches: bool = False


def require_column(key: str | None, columns: Sequence[Column], unmeasured: Sequence[Column], reason: str) -> None:
    """Refuse to sort by what is no column.

    Args:
        key: what to sort by, if anything.
        columns: the columns there are.
        unmeasured: the columns that there would be if layers were measured.
        reason: why they are not.

    Raises:
        InputError: no column has this key; names the nearest, or says why it is not measured.
    """
    keys = [column.key for column in columns]
    if key is None or key in keys:
        return
    if key in {column.key for column in unmeasured}:
        raise InputError(f"--sort {key}: {reason}; valid are {', '.join(keys)}")
    raise InputError(f"--sort {key!r} is no column" + (did_you_mean(key, keys) or f"; valid are {', '.join(keys)}"))


def require_rows_of_views(plan: Plan, view: View, execution: Execution) -> None:
    """Refuse a Plan with a module's views where they would be no rows.

    Raises:
        InputError: names what is in their way.
    """
    if plan.code is None or not plan.code.views:
        return
    obstacles = (
        ("--backend onnxruntime", execution.backend is Backend.ONNXRUNTIME),
        (f"--mode {execution.mode.value}", not execution.by_layer),
        (f"--by {view.by.value}", view.by in {By.BLOCK, By.STAGE, By.KERNEL}),
    )
    for obstacle, there in obstacles:
        if there:
            raise InputError(f"--views changes nothing with {obstacle}; give one of them")


def arranged(rows: Sequence[Row], view: View, summed: Sequence[Column]) -> list[Row]:
    """Sorted, and cut to the top with all others summed up in one row, so that columns still add up.

    Args:
        rows: all rows, in running order.
        view: how to show them.
        summed: the columns that add up.
    """
    ordered = list(rows)
    if view.sort is not None:
        key = view.sort
        if isinstance(ordered[0].get(key), int | float):
            ordered.sort(key=lambda row: number(row, key) if key in row else -math.inf, reverse=True)
        else:
            ordered.sort(key=lambda row: _sortable(row.get(key)))
    if view.top is None or view.top >= len(ordered):
        return ordered
    shown, others = ordered[: view.top], ordered[view.top :]
    rest: dict[str, Cell] = {"name": counted(len(others), "other")}
    for column in summed:
        figures = [row.get(column.key) for row in others]
        rest[column.key] = sum(figure for figure in figures if isinstance(figure, int | float))
    return [*shown, rest]


def _sortable(cell: Cell) -> tuple[str, tuple[int, ...]]:
    return ("", cell) if isinstance(cell, tuple) else (str(cell), ())


def number(row: Row, key: str) -> float:
    """A cell that is known to be a figure."""
    value = row[key]
    assert isinstance(value, int | float)
    return value

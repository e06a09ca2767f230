"""A report as tables for a terminal, or unstyled and complete for a pipe."""

from __future__ import annotations

import io
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from mbconv_cli.render.cells import (
    cell_text,
    footnotes,
    is_numeric,
    subject_line,
    title,
    total_columns,
    totals_line,
    visible_columns,
)
from mbconv_cli.render.plot import draw
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Column, Report, Row, Section
from mbconv_cli.units import SHARE

# What goes first where a terminal is too narrow for all columns; what is not named here stays.
DISPENSABLE: Final = (
    "params_difference",
    "macs_difference",
    "bytes_difference",
    "block",
    "stage",
    "role",
    "input_shape",
    "flops",
    "op",
    "bytes",
    "source",
    "output_shape",
    "operator",
    "paper_kernel",
    "paper_stack",
    "chain_kernel",
    "chain_stack",
)
PIPE_WIDTH: Final = 100_000
BAR_CELLS: Final = 12
_GAP: Final = 2
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def render_table(report: Report, style: Style) -> str:
    """Headline, totals, one table a section, notes."""
    console = Console(
        file=io.StringIO(),
        width=style.width or PIPE_WIDTH,
        force_terminal=style.color,
        color_system="standard" if style.color else None,
        no_color=not style.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(Group(*_parts(report, style)), soft_wrap=style.width is None)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _parts(report: Report, style: Style) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if report.subject:
        parts.append(Text(subject_line(report.subject), style="bold"))
    if report.totals:
        parts.append(Text(totals_line(report.totals, total_columns(report.sections))))
    hidden: list[str] = []
    for section in report.sections.values():
        columns = _fitting(section, style.width)
        hidden += [title(column) for column in visible_columns(section) if column not in columns]
        parts.append(_table(section, columns, style))
    parts += [Text(draw(section, section.plot, style)) for section in report.sections.values() if section.plot]
    notes = footnotes(report)
    if hidden:
        notes.append(f"not shown for want of width: {', '.join(dict.fromkeys(hidden))}")
    parts += [Text(note, style="yellow" if note.startswith("warning") else "dim") for note in notes]
    return parts


def _table(section: Section, columns: list[Column], style: Style) -> Table:
    table = Table(box=box.SIMPLE_HEAD if style.unicode else box.ASCII, padding=(0, _GAP, 0, 0), pad_edge=False)
    for column in columns:
        flush_right = is_numeric(section, column) and column.unit != SHARE
        table.add_column(title(column), justify="right" if flush_right else "left", overflow="fold")
    largest = {column.key: _largest(section, column) for column in columns if column.unit == SHARE}
    for row in section.rows:
        table.add_row(*(_cell(row, column, largest.get(column.key), style) for column in columns))
    return table


def _cell(row: Row, column: Column, largest: float | None, style: Style) -> Text:
    text = cell_text(row, column)
    if largest is None or not text:
        return Text(text)
    share = row[column.key]
    assert isinstance(share, int | float)
    return Text.assemble((f"{text:>7} ", ""), (_bar(share / largest if largest else 0, style), "cyan"))


def _bar(fraction: float, style: Style) -> str:
    """A bar in eighths of a cell, full for the largest share of the column."""
    fraction = min(max(fraction, 0.0), 1.0)
    if not style.unicode:
        return "#" * round(fraction * BAR_CELLS)
    full, eighths = divmod(round(fraction * BAR_CELLS * 8), 8)
    return ("█" * full + _EIGHTHS[eighths]).rstrip()


def _largest(section: Section, column: Column) -> float:
    figures = (row.get(column.key) for row in section.rows)
    return max((figure for figure in figures if isinstance(figure, int | float)), default=0)


def _fitting(section: Section, width: int | None) -> list[Column]:
    """The columns that a terminal has room for."""
    columns = visible_columns(section)
    for key in DISPENSABLE:
        if width is None or sum(_width(section, column) + _GAP for column in columns) <= width:
            break
        columns = [column for column in columns if column.key != key]
    return columns


def _width(section: Section, column: Column) -> int:
    texts = [title(column), *(cell_text(row, column) for row in section.rows)]
    return max(map(cell_len, texts)) + (BAR_CELLS + 1 if column.unit == SHARE else 0)

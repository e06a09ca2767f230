"""A section as lanes of text, one a column, and which of them a terminal has room for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Final

from mbconv_cli.render.cells import PLUS_MINUS, cell_text, has_large_counts, is_numeric, title, visible_columns
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.render.styled_lines import columns_of
from mbconv_cli.render.trends import trends_of
from mbconv_cli.report.model import Cell, Column, Kind, Section
from mbconv_cli.units import SHARE

GAP: Final = 2
NARROWEST_PROSE: Final = 24
NARROWEST_PAIRED: Final = 12
"""Of prose whose pair has the other half of the room."""
NARROWEST_NAME: Final = 10
NARROWEST_BAR: Final = 2
COMFORTABLE_BAR: Final = 10
WIDEST_BAR: Final = 20
PIPE_BAR: Final = 12


@dataclass(frozen=True, slots=True)
class Lane:
    """One column as text.

    Attributes:
        column: what it shows.
        heading: its title.
        texts: one a row, none wider than `width`.
        total: its sum over all rows, or nothing.
        flush_right: whether figures stand under each other.
        width: in cells of a terminal.
        fractions: how long each row's bar is, from 0 to 1, where there is a bar after the text.
        trends: of each row whether its change is for the better (`better`), for the worse (`worse`), or neither.
    """

    column: Column
    heading: str
    texts: tuple[str, ...]
    total: str
    flush_right: bool
    width: int
    fractions: tuple[float, ...] = ()
    trends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """The lanes that there is room for, how long their bars are, and what was hidden, cut or rounded, by heading."""

    lanes: list[Lane]
    bar: int
    hidden: list[str]
    cut: list[str]
    rounded: list[str] = field(default_factory=list)


def fitted_lanes(name: str, section: Section, totals: Mapping[str, Cell], style: Style) -> Fitted:
    """The lanes of a section that a terminal has room for, with all digits if no column must go for them.

    Where one would, large counts are rounded first, unless the user wants all digits.
    """
    exact = lanes(name, section, totals, style)
    fitted = fit(exact, style)
    if style.exact or not (fitted.hidden or fitted.cut):
        return fitted
    short = [
        _lane(name, section, lane.column, totals, style, rounded=True)
        if has_large_counts([*section.rows, totals], lane.column)
        else lane
        for lane in exact
    ]
    fitted = fit(short, style)
    shown = {lane.column for lane in fitted.lanes}
    changed = [a.heading for a, b in zip(exact, short, strict=True) if a.texts != b.texts and a.column in shown]
    return replace(fitted, rounded=changed)


def lanes(name: str, section: Section, totals: Mapping[str, Cell], style: Style) -> list[Lane]:
    """All visible columns of a section as lanes, with all digits.

    Args:
        name: the section's.
        section: its columns and rows.
        totals: the report's, of which the exact ones stand under the columns that they sum.
        style: whether more than ASCII can be shown.
    """
    return [_lane(name, section, column, totals, style, rounded=False) for column in visible_columns(section)]


def fit(all_lanes: list[Lane], style: Style) -> Fitted:
    """The lanes that fit: bars shrink first, then prose is cut, then whole columns go, and the name is cut last."""
    width = style.width
    if width is None:
        return Fitted(all_lanes, PIPE_BAR, [], [])
    mark = "…" if style.unicode else "..."
    kept: list[Lane] = list(all_lanes)
    cut: list[str] = []
    for lane in _in_order_of_dispensing(all_lanes):
        kept, cut = _with_prose_cut(kept, width, mark)
        if _needed(kept) <= width:
            break
        kept = [other for other in kept if not _goes_with(other, lane)]
    kept = _with_room_used(kept, all_lanes, width)
    excess = _needed(kept) - width
    if excess > 0 and kept[0].width > NARROWEST_NAME:
        cut.append(kept[0].heading)
        kept[0] = _cut(kept[0], max(kept[0].width - excess, NARROWEST_NAME), mark)
    bars = sum(bool(lane.fractions) for lane in kept)
    spare = width - _needed(kept) + bars * NARROWEST_BAR
    columns = {lane.column for lane in kept}
    hidden = [lane.heading for lane in all_lanes if lane.column not in columns]
    return Fitted(kept, min(spare // max(bars, 1), WIDEST_BAR), hidden, cut)


def _lane(
    name: str, section: Section, column: Column, totals: Mapping[str, Cell], style: Style, *, rounded: bool
) -> Lane:
    texts = [safe(cell_text(row, column, rounded=rounded), unicode=style.unicode) for row in section.rows]
    heading = safe(title(column, name), unicode=style.unicode)
    total = cell_text(totals, column, rounded=rounded) if _adds_up(section, column, totals) else ""
    flush_right = is_numeric(section, column)
    texts = _aligned(texts, safe(PLUS_MINUS, unicode=style.unicode)) if flush_right else texts
    width = max(map(columns_of, [heading, total, *texts]))
    bars, trends = _fractions(section, column), trends_of(section, column)
    return Lane(column, heading, tuple(texts), total, flush_right, width, bars, trends)


def _adds_up(section: Section, column: Column, totals: Mapping[str, Cell]) -> bool:
    """Whether a total is the sum of the column: no other may stand under it."""
    cells = [row.get(column.key, 0) for row in section.rows]
    return column.kind is Kind.EXACT and sum(c for c in cells if isinstance(c, int)) == totals.get(column.key)


def _aligned(texts: list[str], plus_minus: str) -> list[str]:
    """Figures with and without a spread under each other, point under point."""
    spreads = [text.partition(plus_minus)[2] for text in texts]
    widest = max(map(len, spreads), default=0)
    if not widest:
        return texts
    blank = " " * (len(plus_minus) + widest)
    return [
        text.removesuffix(spread) + f"{spread:>{widest}}" if spread else text + blank * bool(text)
        for text, spread in zip(texts, spreads, strict=True)
    ]


def _fractions(section: Section, column: Column) -> tuple[float, ...]:
    """Bars for shares that are parts of one whole, full for the largest; none for a row that sums up the others."""
    if column.unit != SHARE:
        return ()
    cells = [row.get(column.key) for row in section.rows]
    shares = [float(cell) if isinstance(cell, int | float) else 0.0 for cell in cells]
    labels = [column.key for column in section.columns if column.kind is Kind.LABEL]
    drawn = [share if labels[-1] in row else 0.0 for share, row in zip(shares, section.rows, strict=True)]
    largest = max(drawn, default=0.0)
    if min(shares, default=0.0) < 0 or sum(shares) > 1.001 or not largest:
        return ()
    return tuple(share / largest for share in drawn)


def _in_order_of_dispensing(all_lanes: list[Lane]) -> list[Lane]:
    """First what is the same in every row and has no pair, then by priority, from the left; names at the very end.

    The first column of all never goes, nor does the last one of the highest priority, unless it is a name.
    """
    names, others = all_lanes[: _naming(all_lanes)], all_lanes[_naming(all_lanes) :]
    alone = [lane for lane in others if _is_label(lane) and not lane.column.pair]
    uniform = [lane for lane in alone if len(lane.texts) > 1 and len(set(lane.texts)) == 1]
    ranked = sorted(others, key=lambda lane: lane.column.priority)
    return list(dict.fromkeys([*uniform, *ranked[:-1], *reversed(names[1:])]))


def _goes_with(other: Lane, lane: Lane) -> bool:
    """Whether a lane is another one, or of its pair."""
    return other.column == lane.column or (bool(lane.column.pair) and other.column.pair == lane.column.pair)


def _naming(all_lanes: list[Lane]) -> int:
    """How many lanes from the left tell every row from the others; the first alone where no labels do."""
    labels = list(takewhile(_is_label, all_lanes))
    for count in range(1, len(labels) + 1):
        names = list(zip(*(lane.texts for lane in labels[:count]), strict=True))
        if len(set(names)) == len(names):
            return count
    return 1


def _is_label(lane: Lane) -> bool:
    return lane.column.kind is Kind.LABEL


def _needed(kept: list[Lane]) -> int:
    bars = sum(NARROWEST_BAR + 1 for lane in kept if lane.fractions)
    return sum(lane.width for lane in kept) + GAP * (len(kept) - 1) + bars


def _with_prose_cut(kept: list[Lane], width: int, mark: str) -> tuple[list[Lane], list[str]]:
    """The widest column of words, and its pair, cut to what the others leave them, if that is enough to read."""
    words = [lane for lane in kept[1:] if not lane.flush_right]
    widest = max(words, key=lambda lane: lane.width, default=None)
    if widest is None or (excess := _needed(kept) - width) <= 0:
        return kept, []
    group = sorted((lane for lane in words if _goes_with(lane, widest)), key=lambda lane: lane.width)
    room, cut = sum(lane.width for lane in group) - excess, dict[Column, Lane]()
    for index, lane in enumerate(group):
        share = room // (len(group) - index)
        if lane.width > share:
            if share < (NARROWEST_PROSE if len(group) == 1 else NARROWEST_PAIRED):
                return kept, []
            cut[lane.column] = _cut(lane, share, mark)
        room -= min(lane.width, share)
    return [cut.get(lane.column, lane) for lane in kept], [lane.heading for lane in kept if lane.column in cut]


def _with_room_used(kept: list[Lane], all_lanes: list[Lane], width: int) -> list[Lane]:
    """With those columns back that went in vain, before a wider one had to go too, unless bars would suffer."""
    bars = sum(COMFORTABLE_BAR - NARROWEST_BAR for lane in kept if lane.fractions)
    for lane in reversed(_in_order_of_dispensing(all_lanes)):
        partners = [other for other in all_lanes if _goes_with(other, lane)]
        by_column = {other.column: other for other in [*kept, *partners]}
        more = [by_column[other.column] for other in all_lanes if other.column in by_column]
        if len(more) > len(kept) and _needed(more) + bars <= width:
            kept = more
    return kept


def _cut(lane: Lane, width: int, mark: str) -> Lane:
    texts = tuple(_shortened(text, width, mark) for text in lane.texts)
    return replace(lane, heading=_shortened(lane.heading, width, mark), width=width, texts=texts)


def _shortened(text: str, width: int, mark: str) -> str:
    if columns_of(text) <= width:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, width - len(mark)).rstrip() + mark

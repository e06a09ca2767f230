"""A report as tables for a terminal, or unstyled and complete for a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mbconv_cli.render.cells import subject_line, total_columns, totals_parts
from mbconv_cli.render.diff_headline import diff_headline
from mbconv_cli.render.excerpts import for_people
from mbconv_cli.render.lanes import GAP, Fitted, Lane, fitted_lanes
from mbconv_cli.render.notes import LABEL, brief_notes, urgent_notes
from mbconv_cli.render.plot import draw
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.render.styled_lines import Line, Piece, coloured_line, columns_of, plain_line, wrapped
from mbconv_cli.render.trends import TREND_STYLES, VERDICT_STYLES
from mbconv_cli.report.model import Plot, Report, Section

WIDEST_PROSE: Final = 110
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_NOUGHTS: Final = frozenset({"0", "0.0%", "+0.0%"})
_NOTE_STYLES: Final = {"warning": "yellow", "no usable result": "bold yellow"}


def render_table(report: Report, style: Style) -> str:
    """Headline, totals, a table per section, notes."""
    written = coloured_line if style.color else plain_line
    return "".join(f"{written(line)}\n" for line in _lines(report, style))


def _lines(report: Report, style: Style) -> Iterator[Line]:
    """All lines of the text: parts, with an empty line between them."""
    sections = for_people(report, style).sections
    fitted = {name: fitted_lanes(name, section, report.totals, style) for name, section in sections.items()}
    parts: list[list[Line]] = [list(_head(report, style))]
    parts.append([line for note in urgent_notes(report) for line in _note(note, style)])
    parts += [_paragraph(text, style) for text in report.prose]
    parts += [list(_table(fitted[name], section, style)) for name, section in sections.items()]
    parts += [list(_drawn(section, section.plot, style)) for section in sections.values() if section.plot]
    notes = [*brief_notes(report, style), *_notes_on_width(list(fitted.values()))]
    parts.append([line for note in notes for line in _note(note, style)])
    for index, part in enumerate(filter(None, parts)):
        yield from [[]] * bool(index)
        yield from part


def _paragraph(text: str, style: Style) -> list[Line]:
    """A paragraph in lines that fit; a drawing, which has several lines, as it is."""
    lines: list[Line] = [[safe(line, unicode=style.unicode)] for line in text.split("\n")]
    return lines if len(lines) > 1 else _wrapped(lines[0], style.width or WIDEST_PROSE)


def _drawn(section: Section, plot: Plot, style: Style) -> Iterator[Line]:
    """A section's curves."""
    for line in draw(section, plot, style).splitlines():
        yield [line]


def _head(report: Report, style: Style) -> Iterator[Line]:
    if report.subject:
        yield from _wrapped([(safe(subject_line(report.subject), unicode=style.unicode), "bold")], style.width)
    if changes := diff_headline(report, unicode=style.unicode):
        yield from _wrapped(changes, style.width)
        return
    line = ""
    for part in totals_parts(report.totals, total_columns(report.sections)):
        shown = safe(part, unicode=style.unicode)
        if line and style.width is not None and columns_of(f"{line}, {shown}") >= style.width:
            yield [line + ","]
            line = shown
        else:
            line = f"{line}, {shown}" if line else shown
    if line:
        yield [line]


def _table(fitted: Fitted, section: Section, style: Style) -> Iterator[Line]:
    rule = [(("─" if style.unicode else "-") * _total_width(fitted), "dim")]
    headings = [lane.heading for lane in fitted.lanes]
    yield _line(_padded(lane, text, "bold", fitted.bar) for lane, text in zip(fitted.lanes, headings, strict=True))
    yield rule
    for index in range(len(section.rows)):
        yield _line(_cell(lane, index, fitted.bar, style) for lane in fitted.lanes)
    if any(lane.total for lane in fitted.lanes):
        yield rule
        totals = ["total", *(lane.total for lane in fitted.lanes[1:])]
        yield _line(_padded(lane, text, "bold", fitted.bar) for lane, text in zip(fitted.lanes, totals, strict=True))


def _line(cells: Iterable[Line]) -> Line:
    """Cells with gaps between them."""
    pieces: list[Piece] = []
    for cell in cells:
        pieces += [" " * GAP, *cell] if pieces else cell
    return pieces


def _total_width(fitted: Fitted) -> int:
    bars = sum(fitted.bar + 1 for lane in fitted.lanes if lane.fractions)
    return sum(lane.width for lane in fitted.lanes) + GAP * (len(fitted.lanes) - 1) + bars


def _padded(lane: Lane, text: str, style: str, bar: int) -> list[Piece]:
    blank = " " * (lane.width - columns_of(text))
    styled: Piece = (text, style) if style else text
    cell: list[Piece] = [blank, styled] if lane.flush_right else [styled, blank]
    return [*cell, " " * (bar + 1)] if lane.fractions else cell


def _cell(lane: Lane, index: int, bar: int, style: Style) -> list[Piece]:
    text = lane.texts[index]
    cell = _padded(lane, text, _style(lane, index), 0)
    if lane.fractions:
        drawn = _bar(lane.fractions[index], bar, style)
        cell += [(drawn, "cyan"), " " * (bar - len(drawn))]
    return cell


def _style(lane: Lane, index: int) -> str:
    text = lane.texts[index].strip()
    if lane.column.key == "verdict":
        return VERDICT_STYLES.get(text, "")
    if text in _NOUGHTS:
        return "dim"
    return TREND_STYLES[lane.trends[index]] if lane.trends else ""


def _bar(fraction: float, cells: int, style: Style) -> str:
    """A bar in eighths of a cell, full for the largest share of the column."""
    if not style.unicode:
        return "#" * round(fraction * cells)
    full, eighths = divmod(round(fraction * cells * 8), 8)
    return ("█" * full + _EIGHTHS[eighths]).rstrip()


def _notes_on_width(fitted: list[Fitted]) -> list[str]:
    """What a narrow terminal cost."""
    hidden, cut, rounded = (
        list(dict.fromkeys(heading for one in fitted for heading in getattr(one, what)))
        for what in ("hidden", "cut", "rounded")
    )
    notes = [
        f"{what}: {', '.join(names)} (--format csv has all)"
        for what, names in (("hidden", hidden), ("cut", cut))
        if names
    ]
    return [*notes, f"rounded: {', '.join(rounded)} (--exact shows all digits)"] if rounded else notes


def _note(note: str, style: Style) -> list[Line]:
    """A note; in a terminal its lines hang under what follows its label, `audit:` for one."""
    text = safe(note, unicode=style.unicode)
    label = match[0] if (match := LABEL.match(note)) else ""
    word = label.removesuffix(": ")
    of_text = _NOTE_STYLES.get(word, "" if word in VERDICT_STYLES else "dim")
    of_label = VERDICT_STYLES.get(word) or of_text.replace("dim", "")
    return _wrapped([(text[len(label) :], of_text)], style.width, (label, of_label))


def _wrapped(line: Line, width: int | None, label: tuple[str, str] = ("", "")) -> list[Line]:
    """A line in as many as a width takes, the first one behind a label, the others below what follows it."""
    if width is None:
        return [[label, *line]]
    indent = len(label[0])
    width = max(min(width, WIDEST_PROSE), 2 * indent, 1)
    lines = wrapped(line, width - indent)
    return [[label if number == 0 else " " * indent, *one] for number, one in enumerate(lines)]

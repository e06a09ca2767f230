"""A check's report as a comment on a pull request: an entry for each cause, details folded, and never long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from mbconv_cli.render.causes import Cause, by_impact, causes, improved, names_of, news
from mbconv_cli.render.cells import change_percent, subject_line, title, totals_parts
from mbconv_cli.render.check_view import is_shown, sections, totals
from mbconv_cli.render.checks import Check, checks, is_well
from mbconv_cli.render.markdown_text import bullets, escaped, table
from mbconv_cli.render.notes import footnotes
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Column, Report, Section
from mbconv_cli.units import counted

MARKER: Final = "<!-- mbconv-check -->"
"""The first line, which no reader sees: a script finds its own comment by it, and edits it instead of adding one."""
LONGEST: Final = 10_000
"""Characters that a reviewer scrolls through."""
LONGEST_IN_FULL: Final = 65_536
"""Characters in a comment on GitHub. A step's summary may have 1 MiB, and so has room for it in any alphabet."""
MOST_CAUSES: Final = 20
MOST_IMPROVED: Final = 10
LONGEST_LIST: Final = 7_000
"""Characters of the networks that have no entry of their own: no one of a usual number goes without its name."""
LONGEST_TEXT: Final = 900
"""Characters in a cell or a sentence: a name may be as long as its file."""


def render_check_markdown(report: Report, style: Style) -> str:
    """Marker, headline, totals, an entry for each cause, improvements, what changed folded, notes folded.

    Causes beyond the twentieth are named with their greatest change. The table of what changed has as many rows as
    there is room for, the costliest first; with `verbose` it has all rows that a comment on GitHub has room for.
    """
    longest = LONGEST_IN_FULL if style.verbose else LONGEST
    found = [check for check in by_impact(checks(report)) if style.verbose or is_shown(check)]
    reasons = causes(found)
    entries = _most(min(len(reasons), MOST_CAUSES), longest, lambda count: _text(report, reasons[:count], reasons, []))
    if entries == 0 and reasons:
        report = replace(report, notes=())
        entries = _most(
            min(len(reasons), MOST_CAUSES), longest, lambda count: _text(report, reasons[:count], reasons, [])
        )
    rows = _most(len(found), longest, lambda count: _text(report, reasons[:entries], reasons, found[:count]))
    return _text(report, reasons[:entries], reasons, found[:rows], len(found) - rows)


def _most(count: int, longest: int, text: Callable[[int], str]) -> int:
    """The largest number, up to a count, of which the text is not too long; 0 if it always is."""
    fits, too_many = 0, count + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fits, too_many = (middle, too_many) if len(text(middle)) + len(_left_out(10**6)) <= longest else (fits, middle)
    return fits


def _text(
    report: Report, shown: Sequence[Cause], reasons: Sequence[Cause], found: Sequence[Check], left_out: int = 0
) -> str:
    """The report with some of its causes and rows."""
    everything = checks(report)
    parts = [
        f"{MARKER}\n## {_line(f'mbconv check: {subject_line(report.subject)}')}",
        f"**{escaped(', '.join(totals_parts(totals(report), {})))}**",
        "\n".join(f"- **{cause.verdict}**: {_line(cause.sentence)}" for cause in shown),
        _others(reasons[len(shown) :]),
        _improvements(everything),
        f"**networks**: {_line(text)}" if (text := news(everything)) else "",
        *_folded("What changed", [*_tables(found), _left_out(left_out)] if found else []),
        _unchanged(everything),
        *_folded("Notes", [bullets(map(_short, footnotes(report)))]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _others(reasons: Sequence[Cause]) -> str:
    """The causes that have no entry of their own: how many, and which networks they concern."""
    if not reasons:
        return ""
    names = names_of(reasons)
    text = ", ".join(map(_short, names))
    cut = text if len(text) <= LONGEST_LIST else text[:LONGEST_LIST].rpartition(", ")[0] + ", …"
    wrong = counted(sum(not is_well(check) for cause in reasons for check in cause.checks), "more check")
    return f"And {wrong} did not pass, of {counted(len(names), 'network')}: {escaped(cut)}"


def _improvements(found: Sequence[Check]) -> str:
    """What costs less, the greatest decrease first."""
    better = improved(found)
    if not better:
        return ""
    names = [f"{_short(check.network)} {title(Column(check.metric))} {_percent(check)}" for check in better]
    more = f", and {len(names) - MOST_IMPROVED} more" if len(names) > MOST_IMPROVED else ""
    return f"**improved**: {escaped(', '.join(names[:MOST_IMPROVED]))}{more}"


def _percent(check: Check) -> str:
    return change_percent(check.number("change") or 0)


def _unchanged(found: Sequence[Check]) -> str:
    same = sum(not is_shown(check) for check in found)
    return f"{counted(same, 'check')} of {counted(len({one.network for one in found}), 'network')} found no change."


def _folded(summary: str, parts: Sequence[str]) -> Iterator[str]:
    """What a reader opens, if there is anything."""
    if any(parts):
        yield f"<details>\n<summary>{summary}</summary>"
        yield from filter(None, parts)
        yield "</details>"


def _tables(found: Sequence[Check]) -> list[str]:
    """The checks, and the measured ones among them."""
    return [table(name, _with_short_texts(section)) for name, section in sections(found).items()]


def _left_out(count: int) -> str:
    text = f"{counted(count, 'row')} more have no room here; `--format json` has all."
    return text if count else ""


def _with_short_texts(section: Section) -> Section:
    rows = ({key: _short(cell) if isinstance(cell, str) else cell for key, cell in row.items()} for row in section.rows)
    return Section(section.columns, tuple(rows))


def _line(text: str) -> str:
    return escaped(_short(text))


def _short(text: str) -> str:
    shown = safe(text[: LONGEST_TEXT + 1])
    return shown if len(shown) <= LONGEST_TEXT else shown[:LONGEST_TEXT] + "…"

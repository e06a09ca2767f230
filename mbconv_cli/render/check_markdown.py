"""A check's report as Markdown for a pull request: what is wrong first, what passed folded, and never too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mbconv_cli.render.cells import subject_line, totals_parts
from mbconv_cli.render.check_view import explanation, is_well, sections, shown_verdict, totals
from mbconv_cli.render.checks import Check, worst_first
from mbconv_cli.render.markdown_text import bullets, escaped, table
from mbconv_cli.render.notes import footnotes
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report, Section
from mbconv_cli.units import counted

MARKER: Final = "<!-- mbconv-check -->"
"""The first line, which no reader sees: a script finds its own comment by it, and edits it instead of adding one."""
LONGEST: Final = 65_536
"""Characters in a comment on GitHub. A step's summary may have 1 MiB, and so has room for it in any alphabet."""
LONGEST_TEXT: Final = 500
"""Characters in a cell or a sentence: a name may be as long as its file."""


def render_check_markdown(report: Report, _: Style) -> str:
    """Marker, headline, totals, sentences, a table of what is not well, the others folded, notes.

    As many checks are shown as a comment on GitHub has room for. The worst come first, so that those left out have
    passed, unless even the others are too many.
    """
    found = worst_first(report)
    whole = _text(report, found, len(found))
    if len(whole) <= LONGEST:
        return whole
    fits, too_many = 0, len(found)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if len(_text(report, found, middle)) <= LONGEST:
            fits = middle
        else:
            too_many = middle
    shortest = _text(report, found, fits)
    return shortest if len(shortest) <= LONGEST else _text(replace(report, notes=()), found, 0)


def _text(report: Report, found: Sequence[Check], count: int) -> str:
    """The report with so many of its checks, the worst ones."""
    wrong = [check for check in found[:count] if not is_well(check)]
    well = [check for check in found[:count] if is_well(check)]
    parts = [
        f"{MARKER}\n## {_line(f'mbconv check: {subject_line(report.subject)}')}",
        f"**{escaped(', '.join(totals_parts(totals(report), {})))}**",
        "\n".join(f"- **{shown_verdict(check)}**: {_line(explanation(check))}" for check in wrong),
        *_tables(wrong),
        *_folded(counted(len(well), "other"), _tables(well)),
        _left_out(found[count:]),
        bullets(map(_short, footnotes(report))),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _folded(summary: str, tables: Sequence[str]) -> list[str]:
    """Tables that a reader opens, if there are any."""
    return [f"<details>\n<summary>{summary}</summary>", *tables, "</details>"] if tables else []


def _tables(found: Sequence[Check]) -> list[str]:
    """The checks, and the measured ones among them; nothing if there are none."""
    return [table(name, _with_short_texts(section)) for name, section in sections(found).items()] if found else []


def _left_out(found: Sequence[Check]) -> str:
    if not found:
        return ""
    wrong = sum(not is_well(check) for check in found)
    which = f"{wrong:,} of them did not pass" if wrong else "they all passed"
    return f"For want of room, {counted(len(found), 'more check')} cannot be shown here; {which}."


def _with_short_texts(section: Section) -> Section:
    rows = ({key: _short(cell) if isinstance(cell, str) else cell for key, cell in row.items()} for row in section.rows)
    return Section(section.columns, tuple(rows))


def _line(text: str) -> str:
    return escaped(_short(text))


def _short(text: str) -> str:
    shown = safe(text[: LONGEST_TEXT + 1])
    return shown if len(shown) <= LONGEST_TEXT else shown[:LONGEST_TEXT] + "…"

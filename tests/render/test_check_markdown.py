from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from mbconv_cli.render.check_markdown import LONGEST, MARKER, render_check_markdown
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from tests.render.conftest import check_report, check_row

OURS = {"h2", "p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}


class Tags(HTMLParser):
    """The elements of a page, and the attributes that they have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def page(text: str) -> str:
    """Markdown as HTML, as GitHub makes it: with tables, and with HTML in the text taken as such."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def html(report: Report) -> str:
    return page(render_check_markdown(report, Style()))


def rows(count: int, verdict: str, name: str = "n", **cells: str) -> Report:
    made = (check_row(f"{name}{index}", "params", (1, 2, "param"), "", verdict, **cells) for index in range(count))
    return check_report(tuple(made))


def test_begins_with_the_marker(check: Report) -> None:
    assert render_check_markdown(check, Style()).splitlines()[0] == MARKER == "<!-- mbconv-check -->"


@pytest.mark.parametrize("name", ["check", "hostile_check"])
def test_as_html_it_is_headings_lists_and_tables_and_nothing_else(name: str, request: pytest.FixtureRequest) -> None:
    found = Tags(html(request.getfixturevalue(name)))
    assert found.tags == OURS
    assert found.attributes <= {"style"}  # how a column is set


def test_nobody_is_called(hostile_check: Report) -> None:
    assert not re.search(r"@\w", render_check_markdown(hostile_check, Style()))


def test_what_passed_is_folded_and_comes_last(check: Report) -> None:
    shown, folded = render_check_markdown(check, Style()).split("<details>")
    assert "| fail |" in shown
    assert "| pass |" not in shown
    assert "| pass |" in folded
    assert "| fail |" not in folded


def test_of_many_checks_those_that_passed_are_left_out_and_counted() -> None:
    bad = rows(40, "fail", "bad", message="more")
    report = check_report((*rows(1_500, "pass").sections["checks"].rows, *bad.sections["checks"].rows))
    text = render_check_markdown(report, Style())
    assert LONGEST - 200 < len(text) <= LONGEST
    assert text.count("| fail |") == 40
    left_out = re.search(r"For want of room, ([0-9,]+) more checks cannot be shown here; they all passed\.", text)
    assert left_out
    assert int(left_out[1].replace(",", "")) + text.count("| pass |") == 1_500


def test_of_many_failures_it_is_told_how_many_are_left_out() -> None:
    text = render_check_markdown(rows(1_500, "fail", message="more"), Style())
    left_out = re.search(r"([0-9,]+) more checks cannot be shown here; \1 of them did not pass\.", text)
    assert left_out
    assert int(left_out[1].replace(",", "")) + text.count("| fail |") == 1_500
    assert len(text) <= LONGEST


@pytest.mark.parametrize("long", ["&" * 100_000, "@a" * 100_000, "\U000e0001" * 100_000])
def test_no_name_and_no_note_is_too_long(long: str) -> None:
    made = check_row(long, "params", (1, 2, "param"), long, "fail", message=long, file=long)
    text = render_check_markdown(check_report((made,), notes=(long,) * 100), Style())
    assert MARKER in text
    assert len(text) <= LONGEST
    assert Tags(page(text)).tags <= OURS

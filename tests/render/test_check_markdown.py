from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from mbconv_cli.render.check_markdown import LONGEST, LONGEST_IN_FULL, MARKER, render_check_markdown
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Cell, Report, Row
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


def test_begins_with_the_marker(check: Report) -> None:
    assert render_check_markdown(check, Style()).splitlines()[0] == MARKER == "<!-- mbconv-check -->"


@pytest.mark.parametrize("name", ["check", "hostile_check"])
def test_as_html_it_is_headings_lists_and_tables_and_nothing_else(name: str, request: pytest.FixtureRequest) -> None:
    found = Tags(html(request.getfixturevalue(name)))
    assert found.tags == OURS
    assert found.attributes <= {"style"}  # how a column is set


def test_nobody_is_called(hostile_check: Report) -> None:
    assert not re.search(r"@\w", render_check_markdown(hostile_check, Style()))


def test_details_and_notes_are_folded(check: Report) -> None:
    text = render_check_markdown(check, Style())
    shown, changed, notes = text.split("<details>")
    assert "- **fail**: " in shown
    assert "| fail |" in changed
    assert "2 checks of 6 networks found no change." in changed
    assert "- counting: " in notes


def many(networks: int, *, changed: Callable[[int], float]) -> Report:
    """Five metrics of each network, each with its own line to blame where it failed."""
    made: list[Row] = []
    for index in range(networks):
        for metric in ("params", "macs", "flops", "bytes", "peak_bytes"):
            head = round(10_000_000 * (1 + changed(index)))
            place: dict[str, Cell] = {"file": f"nets/mobilenet-v2-variant-{index}.yaml", "line": 17, "column": 9}
            verdict, cells = ("fail", place) if head > 10_000_000 else ("pass", {})
            more = {"message": f"{head - 10_000_000:,} more {metric}; max_increase is 0"} if cells else {}
            figures = (10_000_000, head, "param")
            name = f"mobilenet-v2-variant-{index}"
            made.append(check_row(name, metric, figures, "max_increase 0", verdict, **cells, **more))
    return check_report(tuple(made))


@pytest.mark.parametrize(("step", "causes"), [(0, 0), (40, 5), (1, 200)])
def test_a_comment_for_200_networks_is_short_and_names_each_that_failed(step: int, causes: int) -> None:
    report = many(200, changed=lambda index: 0.01 if step and index % step == 0 else -0.01 * (index == 1))
    text = render_check_markdown(report, Style())
    assert len(text.encode("utf-8")) < 10_000
    failed = [index for index in range(200) if step and index % step == 0]
    assert len(failed) == causes
    for index in failed:
        assert re.search(rf"mobilenet-v2-variant-{index}\b", text)
    if step != 1:
        assert "**improved**: mobilenet-v2-variant-1 params -1.0%" in text


def test_with_verbose_it_has_as_many_rows_as_a_comment_can_have() -> None:
    report = many(400, changed=lambda _: 0)
    text = render_check_markdown(report, Style(verbose=True))
    assert LONGEST_IN_FULL - 300 < len(text) <= LONGEST_IN_FULL
    left_out = re.search(r"([0-9,]+) rows more have no room here", text)
    assert left_out
    assert int(left_out[1].replace(",", "")) + text.count("| pass |") == 2_000


@pytest.mark.parametrize("long", ["&" * 100_000, "@a" * 100_000, "\U000e0001" * 100_000])
def test_no_name_and_no_note_is_too_long(long: str) -> None:
    made = check_row(long, "params", (1, 2, "param"), long, "fail", message=long, file=long)
    text = render_check_markdown(check_report((made,), notes=(long,) * 100), Style())
    assert MARKER in text
    assert len(text) <= LONGEST
    assert Tags(page(text)).tags <= OURS

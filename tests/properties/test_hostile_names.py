"""Whatever a network is called, no format of a check is broken by it."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.render.html_page import page_with
from mbconv_cli.render.renderers import Format, render, renderers
from mbconv_cli.render.style import Style
from tests.render.conftest import check_report, check_row
from tests.render.junit_schema import violations
from tests.render.test_check_markdown import OURS, Tags, page
from tests.render.test_github import commands

# Beside all characters, those that some format obeys, often.
NAMES = st.text(st.one_of(st.characters(), st.sampled_from("<>&\"'`|@#[]():%,=-+*_~\\\n\r\t\x00\x1b\u202e\ufffe;")))


@given(NAMES, NAMES)
def test_no_format_is_broken(name: str, message: str) -> None:
    row = check_row(name, "params", (1, 2, "param"), message, "fail", file=name, line=1, message=message)
    report = check_report((row,), notes=(message,))
    written: dict[Format, str] = {
        one: render(report, one, Style(width=80))
        for one in renderers(report.kind)
        if one not in {Format.HTML, Format.SVG}
    }
    written[Format.HTML] = page_with(report, library="")
    assert list(violations(ET.fromstring(written[Format.JUNIT]))) == []  # noqa: S314 - our own text
    assert len(list(csv.reader(io.StringIO(written[Format.CSV])))) == 2
    assert len(commands(report)) == 1
    assert Tags(page(written[Format.MARKDOWN])).tags <= OURS
    for one in (Format.JSON, Format.BMF, Format.BENCHMARK_ACTION):
        json.loads(written[one])
    for text in written.values():
        assert all(character.isprintable() for line in text.split("\n") for character in line)
        assert "##[" not in text

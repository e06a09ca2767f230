"""Warnings, and that there is no usable result, stand before the figures that they are about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbconv_cli.render.notes import other_notes, urgent_notes
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Column, Kind, Provenance, Report, Section

UNUSABLE = "no usable result: the machine was overloaded; try --threads 1"
WARNING = "warning: 2 of 5 processes ran 2.1x slower than the others and were left out"
REPORT = Report(
    "profile",
    Provenance("1", "MACs: one multiply-accumulate is one"),
    {"name": "tiny"},
    {"params": 3},
    {"layers": Section((Column("name"), Column("params", "param", Kind.EXACT)), ({"name": "stem.conv", "params": 3},))},
    ("device: cpu", UNUSABLE, "audit: fine", WARNING),
)


@pytest.mark.parametrize("output_format", [Format.TABLE, Format.MARKDOWN])
def test_they_come_first_and_once(output_format: Format) -> None:
    text = render(REPORT, output_format, Style())
    places = [text.index(part) for part in ("overloaded", "2.1x slower", "stem.conv", "device", "audit", "counting")]
    assert places == sorted(places)
    assert text.count("overloaded") == text.count("2.1x slower") == 1


def test_in_a_narrow_terminal_their_lines_hang_under_what_follows_the_label() -> None:
    lines = render(REPORT, Format.TABLE, Style(width=50)).splitlines()
    start = lines.index("no usable result: the machine was overloaded; try")
    assert lines[start + 1] == "                  --threads 1"


def test_in_colour_they_are_yellow() -> None:
    text = render(REPORT, Format.TABLE, Style(width=100, color=True))
    assert "\x1b[1;33mno usable result: " in text
    assert "\x1b[33mwarning: " in text


def test_the_sentences_of_a_check_stay_in_their_order() -> None:
    check = replace(REPORT, kind="check")
    assert urgent_notes(check) == []
    assert other_notes(check)[:4] == list(check.notes)

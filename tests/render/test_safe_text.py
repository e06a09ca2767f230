from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.render.safe_text import safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 网络", "plain ünïcode 网络"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\u202eabc", "\\u202eabc"),
        ("\udcff", "\\udcff"),
        ("1\xa0000", "1 000"),
        ("::error::x", "\\x3a:error::x"),
        ("  ::error::x", "  \\x3a:error::x"),
        ("##[error]x", "\\x23#[error]x"),
        ("a ###[error]x", "a #\\x23#[error]x"),
        ("a::b", "a::b"),
    ],
)
def test_shows(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_in_ascii() -> None:
    assert safe("1 ±2 … é 网", unicode=False) == "1 +-2 ... \\xe9 \\u7f51"


@given(st.text(), st.booleans())
def test_any_text_prints(text: str, unicode: bool) -> None:
    shown = safe(text, unicode=unicode)
    assert shown.isprintable()
    assert unicode or shown.isascii()
    assert safe(shown) == shown

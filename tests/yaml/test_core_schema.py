"""What a plain scalar means: the examples of section 10.3.2 of the YAML 1.2.2 specification, and YAML 1.1's traps."""

from __future__ import annotations

import math

import pytest

from mbconv_cli.yaml.core_schema import MAX_DIGITS, resolve_scalar


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("0", 0),
        ("-19", -19),
        ("+7", 7),
        ("010", 10),
        ("0o17", 15),
        ("0x3A", 58),
        ("0.", 0.0),
        ("-0.0", -0.0),
        (".5", 0.5),
        ("+12e03", 12000.0),
        ("-2E+05", -200000.0),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("+.INF", math.inf),
        ("1e999", math.inf),
    ],
)
def test_no_words(text: str, meaning: object) -> None:
    resolved = resolve_scalar(text)
    assert resolved == meaning
    assert type(resolved) is type(meaning)


@pytest.mark.parametrize(
    "text",
    [
        *[
            "yes",
            "No",
            "on",
            "off",
            "y",
            "n",
            "nUll",
            "tRue",
            "1:30",
            "1_000",
            "0b11",
            "0o18",
            "0x",
            "-0x1",
            "+",
            "-",
            ".",
        ],
        *["1e", "e3", "1.2.3", ".infinity", "inf", "nan", "-.nan", "2026-11-24", "٣", "1 2", "0o", "--1", "=", "<<"],
    ],
)
def test_words(text: str) -> None:
    assert resolve_scalar(text) == text


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    resolved = resolve_scalar(text)
    assert isinstance(resolved, float)
    assert math.isnan(resolved)


def test_a_number_has_an_end() -> None:
    assert resolve_scalar("9" * MAX_DIGITS) == 10**MAX_DIGITS - 1
    with pytest.raises(ValueError, match="a number of 31 characters; at most 30 make sense"):
        resolve_scalar("9" * (MAX_DIGITS + 1))

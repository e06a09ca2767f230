"""Options that only mean something where something is measured."""

from __future__ import annotations

import pytest

from mbconv_cli.commands.measuring_options import (
    measuring,
    parse_precision,
    parse_seconds,
    require_effect,
    require_usable,
)
from mbconv_cli.errors import InputError, UndecidedError
from mbconv_cli.report.model import Provenance, Report


@pytest.mark.parametrize(
    ("text", "share"),
    [
        (None, None),
        ("2%", 0.02),
        ("0.02", 0.02),
        (".5%", 0.005),
        ("1 %", 0.01),
        ("99.9%", 0.999),
        ("1e-3", 0.001),
    ],
)
def test_a_precision_is_a_percentage_or_a_share(text: str | None, share: float | None) -> None:
    assert parse_precision(text) == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(
    "text", ["", "%", "2", "1", "100%", "0", "0%", "-1%", "nan", "nan%", "inf", "2%%", "% 2", "two"]
)
def test_a_precision_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"should be a share of the latency, e.g. 2% or 0.02"):
        parse_precision(text)


@pytest.mark.parametrize("seconds", [None, 0.001, 6.0, 86_400.0])
def test_a_time_to_measure_for(seconds: float | None) -> None:
    assert parse_seconds("--max-time", seconds) == seconds


@pytest.mark.parametrize("seconds", [0.0, -1.0, 86_401.0, float("inf"), float("nan")])
def test_a_time_that_nobody_waits_for_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match=r"--max-time .* should be above 0 and at most 86400 seconds"):
        parse_seconds("--max-time", seconds)


def test_the_first_option_without_effect_is_named_as_it_is_typed() -> None:
    require_effect("here", device=None, max_time=None)
    with pytest.raises(InputError, match=r"^--max-time changes nothing here$"):
        require_effect("here", device=None, max_time=0.0, threads=3)


@pytest.mark.parametrize(
    ("usable", "strict", "refused"), [(False, True, True), (False, False, False), (True, True, False)]
)
def test_strict_refuses_what_is_no_usable_result(usable: bool, strict: bool, refused: bool) -> None:
    notes = ("no usable result: the machine was overloaded; try --threads 1", "warning: the machine was busy")
    report = Report("profile", Provenance("1", "c"), notes=notes, measurement={"usable": usable})
    if not refused:
        require_usable(report, strict=strict)
        return
    with pytest.raises(UndecidedError) as caught:
        require_usable(report, strict=strict)
    assert str(caught.value) == notes[0]
    assert caught.value.exit_code == 3


def test_what_was_not_measured_cannot_be_unusable() -> None:
    require_usable(Report("profile", Provenance("1", "c")), strict=True)


def test_strict_changes_nothing_where_nothing_is_measured() -> None:
    with (
        pytest.raises(InputError, match="--strict changes nothing without --measure"),
        measuring(False, "measuring", device=None, threads=None, processes=None, strict=True),
    ):
        pass

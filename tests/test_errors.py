from __future__ import annotations

from mbconv_cli.errors import CheckFailedError, InputError, MbconvError, did_you_mean


def test_exit_codes() -> None:
    assert (MbconvError.exit_code, InputError.exit_code, CheckFailedError.exit_code) == (2, 2, 1)


def test_problems_are_kept_apart_and_told_one_a_line() -> None:
    error = InputError("first", "second")
    assert error.sentences == ("first", "second")
    assert str(error) == "first\nsecond"


def test_the_nearest_words_are_offered() -> None:
    assert did_you_mean("mac", ["macs", "params"]) == "; did you mean 'macs'?"
    assert did_you_mean("b9", ["b8", "b7"], cutoff=0.4) == "; did you mean 'b8' or 'b7'?"
    assert did_you_mean("xyz", ["macs"]) == ""

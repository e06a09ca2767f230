"""When two machines are alike enough to compare latencies: one list, asked by everybody."""

from __future__ import annotations

import pytest

from mbconv_cli.machine.comparability import DECISIVE, Difference, differences, fingerprint
from mbconv_cli.report.model import Cell

MACHINE: dict[str, Cell] = {key: f"a {key}" for key in DECISIVE} | {"threads": 2, "cuda": None}


def test_a_fingerprint_is_what_decides_and_the_conditions() -> None:
    found = fingerprint(MACHINE | {"python": "3.12", "os": "Linux 6"}, dtype="float32", batch_size=8)
    assert found == MACHINE | {"dtype": "float32", "batch_size": 8}


@pytest.mark.parametrize("key", DECISIVE)
def test_every_decisive_field_makes_a_difference(key: str) -> None:
    other = MACHINE | {key: "another"}
    assert differences(fingerprint(MACHINE), fingerprint(other)) == (Difference(key, MACHINE[key], "another"),)


def test_equal_machines_do_not_differ_and_a_missing_condition_is_none() -> None:
    assert differences(MACHINE, dict(MACHINE)) == ()
    assert differences({}, {"threads": 2}) == (Difference("threads", None, 2),)
    assert differences({"threads": 2}, {}) == (Difference("threads", 2, None),)

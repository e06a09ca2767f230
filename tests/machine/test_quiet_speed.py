"""The quiet speed of a machine: kept, found again, and replaced only by a clearly faster one."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.machine.comparability import Fingerprint
from mbconv_cli.machine.quiet_speed import quiet_speed

MACHINE: Fingerprint = {"cpu": "Abacus", "threads": 1, "dtype": "float32"}
FIRST = "the best of this run, the first on this machine"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MBCONV_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_first_is_kept_and_a_slower_or_slightly_faster_one_does_not_move_it() -> None:
    assert (quiet_speed(MACHINE, 0.5).reference_ms, quiet_speed(MACHINE, 0.5).reference_ms) == (0.5, 0.5)
    for observed in (0.7, 0.47):
        found = quiet_speed(MACHINE, observed)
        assert (found.reference_ms, found.origin) == (0.5, "the best seen on this machine")


def test_a_clearly_faster_one_takes_its_place() -> None:
    assert quiet_speed(MACHINE, 0.5).origin == FIRST
    found = quiet_speed(MACHINE, 0.4)
    assert (found.reference_ms, found.origin) == (0.4, "faster than ever seen here before")
    assert quiet_speed(MACHINE, 0.5).reference_ms == 0.4


def test_other_threads_have_a_speed_of_their_own() -> None:
    quiet_speed(MACHINE, 0.5)
    assert quiet_speed(MACHINE | {"threads": 2}, 0.9).reference_ms == 0.9


def test_a_damaged_file_is_mentioned_and_replaced(folder: Path) -> None:
    quiet_speed(MACHINE, 0.5)
    (file,) = folder.iterdir()
    file.write_text("{")
    assert quiet_speed(MACHINE, 0.6).origin == f"{FIRST}; what was kept could not be read"
    assert quiet_speed(MACHINE, 0.7).reference_ms == 0.6


def test_a_cache_that_cannot_be_written_is_no_error(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    found = quiet_speed(MACHINE, 0.5)
    assert found.reference_ms == 0.5
    assert "not kept: " in found.origin

"""Limits that are measured once: kept, found again, and measured anew where they are not to be trusted."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.cost.roofline import Bandwidth, Limits
from mbconv_cli.errors import InputError
from mbconv_cli.machine import kept_records
from mbconv_cli.machine.comparability import DECISIVE
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.kept_limits import Calibration, LimitsRecord, limits_record
from mbconv_cli.machine.kept_records import cache_folder
from mbconv_cli.machine.load import Load
from mbconv_cli.machine.threads import ThreadChoice, thread_choice
from mbconv_cli.measure.latency import Progress
from mbconv_cli.pytorch import calibration_cache
from mbconv_cli.pytorch.calibration_cache import calibration
from mbconv_cli.pytorch.devices import torch_fingerprint
from mbconv_cli.report.model import Cell

LIMITS = Limits(123.25, (Bandwidth(65_536, 99.5), Bandwidth(2**28, 12.125)), 0.03125)
KEPT = "measured before; --recalibrate measures anew"


@dataclass
class FakeMeasuring:
    """Stands in for the measuring, and counts how often it is asked to."""

    limits: Limits = LIMITS
    times: int = 0

    def __call__(self, device: torch.device, dtype: torch.dtype, _: Progress) -> Limits:
        assert (device.type, dtype.is_floating_point) == ("cpu", True)
        self.times += 1
        return self.limits


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "not" / "there yet"
    monkeypatch.setenv("MBCONV_CACHE_DIR", str(place))
    return place


@pytest.fixture
def measuring() -> FakeMeasuring:
    return FakeMeasuring()


def ask(
    measuring: FakeMeasuring,
    *,
    threads: int | None = 1,
    dtype: str = "float32",
    anew: bool = False,
    others_share: float = 0.0,
) -> Calibration:
    return calibration(
        DeviceChoice("cpu"),
        threads,
        dtype,
        anew=anew,
        progress=lambda _: None,
        measure=measuring,
        load=lambda *_: Load(others_share=others_share, stolen_share=0.02),
    )


def the_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_limits_are_measured_once_and_read_back_as_they_were(folder: Path, measuring: FakeMeasuring) -> None:
    assert ask(measuring) == Calibration(LIMITS, "measured now")
    assert ask(measuring) == Calibration(LIMITS, KEPT)
    assert measuring.times == 1
    assert json.loads(the_file(folder).read_text())["format"] == "mbconv.calibration/2"


def test_limits_of_a_busy_machine_are_not_kept(folder: Path, measuring: FakeMeasuring) -> None:
    told = "measured now; not kept, for others took 22 % of the cores' time meanwhile"
    assert ask(measuring, others_share=0.2) == Calibration(LIMITS, told)
    assert not folder.exists()
    assert ask(measuring, others_share=0.05) == Calibration(LIMITS, "measured now")
    assert ask(measuring) == Calibration(LIMITS, KEPT)


def test_limits_are_measured_anew_where_asked_for(measuring: FakeMeasuring, folder: Path) -> None:
    ask(measuring)
    measuring.limits = Limits(200.0, LIMITS.bandwidths, 0.0)
    assert ask(measuring, anew=True) == Calibration(measuring.limits, "measured now")
    assert ask(measuring) == Calibration(measuring.limits, KEPT)
    assert the_file(folder).exists()


@pytest.mark.parametrize("other", [{"threads": 2}, {"dtype": "bfloat16"}])
def test_other_threads_and_dtypes_have_limits_of_their_own(
    other: dict[str, Any], folder: Path, measuring: FakeMeasuring
) -> None:
    ask(measuring)
    assert ask(measuring, **other).origin == "measured now"
    assert len(list(folder.iterdir())) == 2
    assert ask(measuring).origin == ask(measuring, **other).origin == KEPT


@pytest.mark.parametrize("key", DECISIVE)
@pytest.mark.usefixtures("folder")
def test_another_machine_is_measured_anew(key: str, measuring: FakeMeasuring, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(measuring)

    def another(text: str, threads: ThreadChoice) -> dict[str, Cell]:
        return torch_fingerprint(text, threads) | {key: "another"}

    monkeypatch.setattr(calibration_cache, "torch_fingerprint", another)
    assert ask(measuring).origin == "measured now"


@pytest.mark.usefixtures("folder")
def test_threads_are_those_of_the_one_owner_and_set_back_afterwards(measuring: FakeMeasuring) -> None:
    before = torch.get_num_threads()
    ask(measuring, threads=thread_choice(None).count)
    ask(measuring, threads=None)
    assert measuring.times == 1
    ask(measuring, threads=before + 1)
    assert measuring.times == 2
    assert torch.get_num_threads() == before


def damaged(**changes: Any) -> bytes:
    record = {
        "format": "mbconv.calibration/2",
        "fingerprint": {},
        "gigaflops_per_second": 1.0,
        "bandwidths": [[1, 1.0]],
        "error": 0.0,
    }
    return json.dumps(record | changes).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b'{"format": "mbconv.calibration/2"}',
        damaged(format="mbconv.calibration/1"),
        damaged(gigaflops_per_second=0.0),
        damaged(gigaflops_per_second=float("inf")),
        damaged(gigaflops_per_second=float("nan")),
        damaged(bandwidths=[]),
        damaged(bandwidths=[[0, 1.0]]),
        damaged(bandwidths=[[1, -1.0]]),
        damaged(error=-0.1),
        damaged(more=1),
    ],
)
def test_a_damaged_file_is_told_and_replaced(content: bytes, folder: Path, measuring: FakeMeasuring) -> None:
    ask(measuring)
    the_file(folder).write_bytes(content)
    assert ask(measuring).origin == "measured now; what was kept could not be read"
    assert ask(measuring) == Calibration(LIMITS, KEPT)


def test_a_file_of_another_machine_is_told_and_replaced(folder: Path, measuring: FakeMeasuring) -> None:
    ask(measuring)
    the_file(folder).write_bytes(damaged())
    assert ask(measuring).origin == "measured now; what was kept is another machine's"
    assert ask(measuring) == Calibration(LIMITS, KEPT)


def test_a_place_that_cannot_be_used_is_told_and_nothing_fails(
    measuring: FakeMeasuring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MBCONV_CACHE_DIR", str(tmp_path / "file"))
    found = ask(measuring)
    assert found.limits == LIMITS
    assert found.origin.startswith("measured now; what was kept could not be read; not kept: ")
    assert ask(measuring, anew=True).origin.startswith("measured now; not kept: ")


def test_a_failed_write_is_told(measuring: FakeMeasuring, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, _: str) -> None:
        raise InputError(f"{path.name}: not written: No space left on device")

    monkeypatch.setattr(kept_records, "write_atomically", fail)
    assert ask(measuring).origin.endswith(".json: not written: No space left on device")
    assert list(folder.iterdir()) == []


def test_a_user_without_a_home_is_no_error(measuring: FakeMeasuring, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("MBCONV_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert ask(measuring).origin.endswith("not kept: Could not determine home directory.")


def test_the_folder_is_where_the_platform_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("MBCONV_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    places = {"linux": ".cache/mbconv", "darwin": "Library/Caches/mbconv", "win32": "AppData/Local/mbconv/Cache"}
    for platform, place in places.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder() == tmp_path / place
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/not/valid")
    assert cache_folder() == tmp_path / places["win32"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "mbconv"
    monkeypatch.setenv("MBCONV_CACHE_DIR", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


@given(
    positive,
    st.dictionaries(st.integers(1, 2**62), positive, min_size=1),
    st.floats(min_value=0, allow_infinity=False, allow_nan=False),
)
def test_any_limits_come_back_as_they_were(peak: float, rates: dict[int, float], error: float) -> None:
    limits = Limits(peak, tuple(Bandwidth(size, rates[size]) for size in sorted(rates)), error)
    record = limits_record({"cpu": "Abacus", "cuda": None}, limits)
    again = LimitsRecord.model_validate_json(record.model_dump_json())
    assert again.limits == limits

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.turns.kept_turns import KeptTurns, turn_key
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.processes.turn_requests import Turn

TURN = Turn(
    12.5,
    40,
    {"torch": "2.6", "cuda": None, "instruction_set": "AVX2", "threads": 1, "device": "cpu"},
    0.5,
    (1.0, 2.0),
    launched_ms=14.0,
)
KEY = ("abc", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "turns.jsonl"
    KeptTurns(file).add(KEY, "a", TURN)
    return file


def test_a_turn_comes_back_as_it_was(path: Path) -> None:
    found = KeptTurns(path).turns[KEY]
    assert replace(found, machine={}) == replace(TURN, machine={})
    assert TURN.machine.items() <= found.machine.items()


def test_a_line_that_was_broken_off_is_taken_away(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:50])
    assert list(KeptTurns(path).turns) == [KEY]
    assert path.read_bytes() == whole


def test_turns_of_another_machine_are_refused(path: Path) -> None:
    line = json.loads(path.read_text(encoding="utf-8"))
    line["machine"]["cpu"] = "another CPU"
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="cpu 'another CPU'"):
        KeptTurns(path)


def test_turns_of_another_torch_are_refused(path: Path) -> None:
    with pytest.raises(InputError, match=r"torch '2\.6', and here it is '2\.7'"):
        KeptTurns(path).add(("abc", 1), "a", replace(TURN, machine=TURN.machine | {"torch": "2.7"}))


@pytest.mark.parametrize("text", ["name,top1\n", "{}\n", '{"schema": "mbconv.turn/1"}\n', "no end of a line", "[1]\n"])
def test_another_file_is_refused_and_stays_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="choose another file"):
        KeptTurns(file)
    assert file.read_text(encoding="utf-8") == text


def test_the_key_knows_the_network_the_form_and_the_device() -> None:
    cpu, form = DeviceChoice("cpu"), Execution()
    v2, v3 = open_network("mobilenet-v2"), open_network("mobilenet-v3-small")
    keys = {
        turn_key(v2, form, 1, cpu, 0),
        turn_key(v3, form, 1, cpu, 0),
        turn_key(open_network("mobilenet-v2", resolution=160), form, 1, cpu, 0),
        turn_key(v2, form, 2, cpu, 0),
        turn_key(v2, replace(form, fold_norm=True), 1, cpu, 0),
        turn_key(v2, form, 1, DeviceChoice("cuda"), 0),
        turn_key(v2, form, 1, cpu, 1),
    }
    assert len(keys) == 7
    assert turn_key(v2, replace(form, threads=1), 1, cpu, 0) == turn_key(v2, form, 1, cpu, 0)

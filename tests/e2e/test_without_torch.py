"""All that needs no measuring finishes without torch; and all wrong input is told in a line or few, with code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Environment

GOOD = "input: {channels: 3, resolution: 32}\nstem: {output_filters: 8, stride: 2}\n"
GOOD += "blocks:\n  - {kernel_size: 3, expand_ratio: 6, output_filters: 16}\n"
FILES: dict[str, bytes] = {
    "good.yaml": GOOD.encode(),
    "empty.yaml": b"",
    "null.yaml": b"~\n",
    "list.yaml": b"- 1\n",
    "binary.yaml": bytes(range(256)),
    "latin1.yaml": "family: für\n".encode("latin-1"),
    "nul.yaml": b"family: a\0b\n",
    "invalid.yaml": b"blocks: [\n",
    "tab.yaml": b"blocks:\n\t- 1\n",
    "tag.yaml": b"family: !!python/object/apply:os.system ['touch pwned']\n",
    "unknown-key.yaml": (GOOD + "activaton: relu\n").encode(),
    "duplicate-key.yaml": (GOOD + "family: a\nfamily: b\n").encode(),
    "wrong-type.yaml": GOOD.replace("kernel_size: 3", "kernel_size: three").encode(),
    "nan.yaml": GOOD.replace("expand_ratio: 6", "expand_ratio: .nan").encode(),
    "infinite.yaml": GOOD.replace("expand_ratio: 6", "expand_ratio: .inf").encode(),
    "negative.yaml": GOOD.replace("output_filters: 16", "output_filters: -16").encode(),
    "zero.yaml": GOOD.replace("output_filters: 16", "output_filters: 0").encode(),
    "even.yaml": GOOD.replace("kernel_size: 3", "kernel_size: 4").encode(),
    "huge.yaml": GOOD.replace("output_filters: 16", "output_filters: 99999999999999999999").encode(),
    "circle-a.yaml": b"extends: ./circle-b.yaml\n",
    "circle-b.yaml": b"extends: ./circle-a.yaml\n",
    "itself.yaml": b"extends: ./itself.yaml\n",
    "lost.yaml": b"extends: ./nowhere.yaml\n",
    "bomb.yaml": b"a: &a [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n".encode() for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "deep.yaml": b"[" * 5000,
}
SHOWN = {
    "list": ["list"],
    "list as csv": ["list", "--format", "csv"],
    "show": ["show", "mobilenet-v2"],
    "show a file": ["show", "good.yaml"],
    "profile": ["profile", "mobilenet-v3-small", "--no-latency"],
    "profile by role": ["profile", "mobilenet-v3-small", "--no-latency", "--by", "role"],
    "profile by stage": ["profile", "good.yaml", "--no-latency", "--by", "stage", "--top", "1"],
    "format in capitals": ["profile", "good.yaml", "--no-latency", "--format", "JSON"],
    "schema": ["schema"],
    "help": ["--help"],
    "help of profile": ["profile", "-h"],
    "version": ["--version"],
}
# What is wrong, and words of the message.
REFUSED: dict[str, tuple[list[str], str]] = {
    "no command": ([], "no command is given"),
    "unknown command": (["profil"], "Did you mean 'profile'"),
    "unknown option": (["list", "--frmat", "csv"], "--frmat"),
    "no network": (["profile"], "missing argument 'NETWORK'"),
    "unknown network": (["profile", "eficientnet-b0"], "did you mean 'efficientnet-b0'"),
    "nothing like a network": (["show", "zzzz"], "`mbconv list` shows all"),
    "no name": (["show", ""], "no network is called ''"),
    "extra argument": (["show", "mobilenet-v2", "more"], "more"),
    "no such file": (["profile", "./nowhere.yaml"], "nowhere.yaml: No such file or directory"),
    "folder": (["profile", "./"], "Is a directory"),
    "zero images": (["profile", "mobilenet-v2", "--batch-size", "0"], "--batch-size"),
    "half an image": (["profile", "mobilenet-v2", "--batch-size", "0.5"], "--batch-size"),
    "too many images": (["profile", "mobilenet-v2", "--batch-size", "99999999"], "--batch-size"),
    "no threads": (["profile", "mobilenet-v2", "--threads", "0"], "--threads"),
    "no rows": (["profile", "mobilenet-v2", "--no-latency", "--top", "0"], "--top"),
    "no pixels": (["show", "mobilenet-v2", "--resolution", "0"], "--resolution"),
    "no device": (["profile", "mobilenet-v2", "--device", "foo"], "valid are auto, cpu, cuda, mps, xpu"),
    "no device's name": (["profile", "mobilenet-v2", "--device", "cuda:x"], "is no device"),
    "limits of nothing": (["profile", "mobilenet-v2", "--no-latency", "--roofline"], "--roofline changes nothing"),
    "limits not asked for": (["profile", "mobilenet-v2", "--recalibrate"], "--recalibrate changes nothing without"),
    "no column": (["profile", "mobilenet-v2", "--sort", "mac"], "did you mean 'macs'"),
    "no such column": (["profile", "mobilenet-v2", "--sort", "nonsense"], "valid are name, op"),
    "a column that is not measured": (
        ["profile", "mobilenet-v2", "--no-latency", "--sort", "latency_ms"],
        "--no-latency",
    ),
    "no format": (["list", "--format", "nonsense"], "'table', 'json', 'csv', 'markdown'"),
    "no grouping": (["profile", "mobilenet-v2", "--by", "nonsense"], "'layer', 'block', 'stage', 'role'"),
    "output into a missing folder": (["list", "-o", "missing/list.csv"], "No such file or directory"),
    "output into a folder": (["list", "-o", "."], "Is a directory"),
    "output without a name": (["list", "-o", ""], "not written"),
    "empty": (["show", "empty.yaml"], "empty.yaml: the file is empty"),
    "nothing": (["show", "null.yaml"], "null.yaml: the file is empty"),
    "list": (["show", "list.yaml"], "list.yaml:1:1"),
    "binary": (["show", "binary.yaml"], "binary.yaml"),
    "not UTF-8": (["show", "latin1.yaml"], "latin1.yaml:1: not UTF-8 text"),
    "control character": (["show", "nul.yaml"], "nul.yaml"),
    "invalid YAML": (["show", "invalid.yaml"], "invalid.yaml:2:1"),
    "tab": (["show", "tab.yaml"], "tab.yaml:2:1"),
    "tag": (["show", "tag.yaml"], "tag.yaml:1:9"),
    "unknown key": (["show", "unknown-key.yaml"], "did you mean 'activation'"),
    "duplicate key": (["show", "duplicate-key.yaml"], "duplicate-key.yaml:6:1"),
    "wrong type": (["show", "wrong-type.yaml"], "wrong-type.yaml:4:19"),
    "not a number": (["show", "nan.yaml"], "nan.yaml:4:"),
    "infinite": (["show", "infinite.yaml"], "infinite.yaml:4:"),
    "negative": (["show", "negative.yaml"], "negative.yaml:4:"),
    "zero": (["show", "zero.yaml"], "zero.yaml:4:"),
    "even": (["show", "even.yaml"], "even.yaml:4:"),
    "huge": (["show", "huge.yaml"], "huge.yaml:4:"),
    "circle": (["show", "circle-a.yaml"], "circle"),
    "extends itself": (["show", "itself.yaml"], "circle"),
    "extends nothing": (["show", "lost.yaml"], "nowhere.yaml"),
    "alias bomb": (["show", "bomb.yaml"], "bomb.yaml"),
    "deep": (["show", "deep.yaml"], "deep.yaml"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("input")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def results(folder: Path, environment: Environment) -> dict[str, dict[str, Any]]:
    """The result of each case, all run in one process."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("without_torch.py"))],
        input=json.dumps([*SHOWN.values(), *(arguments for arguments, _ in REFUSED.values())]),
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment({}),
        timeout=240,
        check=True,
    )
    names = [*(f"shown {name}" for name in SHOWN), *(f"refused {name}" for name in REFUSED)]
    return dict(zip(names, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", SHOWN)
def test_is_shown(name: str, results: dict[str, dict[str, Any]]) -> None:
    result = results[f"shown {name}"]
    assert (result["code"], result["err"]) == (0, "")
    assert result["out"]


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str, results: dict[str, dict[str, Any]]) -> None:
    result = results[f"refused {name}"]
    assert (result["code"], result["out"]) == (2, "")
    assert REFUSED[name][1] in result["err"]
    assert "fault of mbconv" not in result["err"]
    assert "Traceback" not in result["err"]
    assert all(line.startswith("mbconv: ") for line in result["err"].splitlines())
    assert len(result["err"].splitlines()) <= 2


@pytest.mark.usefixtures("results")
def test_nothing_is_written(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)

"""All that needs no measuring finishes without torch; and all wrong input is told in a line or few, with code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Environment, Run

GOOD = "input: {channels: 3, resolution: 32}\nstem: {output_filters: 8, stride: 2}\n"
GOOD += "blocks:\n  - {kernel_size: 3, expand_ratio: 6, output_filters: 16}\n"
FILES: dict[str, bytes] = {
    "good.yaml": GOOD.encode(),
    "no-norm.yaml": b"input: {channels: 3, resolution: 32}\nclassifier: {num_classes: 2}\n",
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
    "stale.yaml": (GOOD + "expect: {params: 1, macs: 2, source: a guess}\n").encode(),
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
    "check-all": b"networks: ['*']\nmetrics: {params: {max: 1G}, macs: {max: 1T}, peak_bytes: {max: 1 GiB}}\n",
    "check-typo": b"networks: [mobilenet-v2]\nmetrics: {params: {max: 5X}}\n",
    "check-time": b"networks: [mobilenet-v2]\nmetrics: {params: {max: 1}, latency_ms: {max_increase: 3%}}\n",
}
SHOWN = {
    "list": ["list"],
    "list as csv": ["list", "--format", "csv"],
    "show": ["show", "mobilenet-v2"],
    "show a file": ["show", "good.yaml"],
    "profile": ["profile", "mobilenet-v3-small", "--no-latency"],
    "profile by role": ["profile", "mobilenet-v3-small", "--no-latency", "--by", "role"],
    "profile by stage": ["profile", "good.yaml", "--no-latency", "--by", "stage", "--top", "1"],
    "profile in half precision": ["profile", "good.yaml", "--no-latency", "--dtype", "bfloat16"],
    "profile with norms folded": ["profile", "good.yaml", "--no-latency", "--fold-norm"],
    "profile of several batch sizes": ["profile", "good.yaml", "--no-latency", "--batch-size", "1,8"],
    "format in capitals": ["profile", "good.yaml", "--no-latency", "--format", "JSON"],
    "profile for a history": ["profile", "good.yaml", "--no-latency", "--format", "bmf"],
    "diff": ["diff", "mobilenet-v2", "good.yaml", "--by", "layer"],
    "diff with the same": ["diff", "good.yaml", "good.yaml", "--exit-code"],
    "schema": ["schema"],
    "schema of a check": ["schema", "--check"],
    "check of all shipped networks": ["check", "--config", "check-all"],
    "no command": [],
    "profile of several networks": ["profile", "mobilenet-v2", "good.yaml", "--no-latency"],
    "frontier over MACs": ["frontier", "mobilenet-v2", "mobilenet-v3-small", "--x", "macs", "--budget", "macs=100M"],
    "sweep": ["sweep", "good.yaml", "--vary", "scaling.width=0.5:1.5:0.5", "--jobs", "1"],
    "help": ["--help"],
    "manual page": ["man"],
    "other spelling": ["show", "EfficientNet_B0"],
    "help of profile": ["profile", "-h"],
    "version": ["--version"],
}
# What is wrong, and words of the message.
REFUSED: dict[str, tuple[list[str], str]] = {
    "unknown command": (["profil"], "did you mean 'profile'"),
    "unknown option": (["list", "--frmat", "csv"], "--frmat"),
    "no network": (["profile"], "missing argument 'NETWORK'"),
    "unknown network": (["profile", "eficientnet-b0"], "did you mean 'efficientnet-b0'"),
    "nothing like a network": (["show", "zzzz"], "`mbconv list` shows all"),
    "no name": (["show", ""], "no network is called ''"),
    "extra argument": (["show", "mobilenet-v2", "more"], "more"),
    "no such file": (["profile", "./nowhere.yaml"], "nowhere.yaml: No such file or directory"),
    "folder": (["profile", "./"], "Is a directory"),
    "zero images": (["profile", "mobilenet-v2", "--batch-size", "0"], "--batch-size '0': 0 is not from 1"),
    "half an image": (["profile", "mobilenet-v2", "--batch-size", "0.5"], "--batch-size"),
    "too many images": (["profile", "mobilenet-v2", "--batch-size", "99999999"], "--batch-size"),
    "no threads": (["profile", "mobilenet-v2", "--threads", "0"], "--threads"),
    "no rows": (["profile", "mobilenet-v2", "--no-latency", "--top", "0"], "--top"),
    "no processes": (["profile", "mobilenet-v2", "--processes", "0"], "--processes"),
    "processes for nothing": (
        ["profile", "mobilenet-v2", "--no-latency", "--processes", "2"],
        "--processes changes nothing with --no-latency",
    ),
    "an allocator of nothing": (
        ["profile", "mobilenet-v2", "--no-latency", "--allocator", "keep"],
        "--allocator changes nothing with --no-latency",
    ),
    "an allocator where there is none to choose": (
        ["profile", "mobilenet-v2", "--device", "cuda", "--allocator", "keep"],
        "torch keeps the memory of cuda devices anyway",
    ),
    "no precision": (["profile", "mobilenet-v2", "--precision", "0%"], "--precision '0%' should be a share"),
    "a precision in words": (["profile", "mobilenet-v2", "--precision", "fine"], "e.g. 2% or 0.02"),
    "a percentage without its sign": (["profile", "mobilenet-v2", "--precision", "2"], "e.g. 2% or 0.02"),
    "no time": (["profile", "mobilenet-v2", "--max-time", "0"], "--max-time 0 should be above 0"),
    "not a time": (["profile", "mobilenet-v2", "--max-time", "nan"], "--max-time nan should be above 0"),
    "too much time": (["profile", "mobilenet-v2", "--max-time", "inf"], "at most 86400 seconds"),
    "a device to measure nothing on": (
        ["profile", "mobilenet-v2", "--no-latency", "--device", "cpu"],
        "--device changes nothing with --no-latency",
    ),
    "threads to measure nothing with": (
        ["profile", "mobilenet-v2", "--no-latency", "--threads", "2"],
        "--threads changes nothing with --no-latency",
    ),
    "a precision of nothing": (
        ["profile", "mobilenet-v2", "--no-latency", "--precision", "1%"],
        "--precision changes nothing with --no-latency",
    ),
    "time for nothing": (
        ["profile", "mobilenet-v2", "--no-latency", "--max-time", "9"],
        "--max-time changes nothing with --no-latency",
    ),
    "no pixels": (["show", "mobilenet-v2", "--resolution", "0"], "--resolution"),
    "no device": (["profile", "mobilenet-v2", "--device", "foo"], "valid are auto, cpu, cuda, mps, xpu"),
    "no device's name": (["profile", "mobilenet-v2", "--device", "cuda:x"], "is not a device"),
    "limits of nothing": (["profile", "mobilenet-v2", "--no-latency", "--roofline"], "--roofline changes nothing"),
    "limits not asked for": (["profile", "mobilenet-v2", "--recalibrate"], "--recalibrate changes nothing without"),
    "no column": (["profile", "mobilenet-v2", "--sort", "mac"], "did you mean 'macs'"),
    "no such column": (["profile", "mobilenet-v2", "--sort", "nonsense"], "valid are name, op"),
    "a column that is not measured": (
        ["profile", "mobilenet-v2", "--no-latency", "--sort", "latency_ms"],
        "--no-latency",
    ),
    "no dtype": (["profile", "mobilenet-v2", "--dtype", "int8"], "'float32', 'bfloat16', 'float16'"),
    "a batch size that is none": (["profile", "mobilenet-v2", "--batch-size", "1,,8"], "--batch-size '1,,8'"),
    "a memory format without measuring": (
        ["profile", "mobilenet-v2", "--no-latency", "--memory-format", "channels_last"],
        "--memory-format changes nothing with --no-latency",
    ),
    "a mode without measuring": (["profile", "mobilenet-v2", "--no-latency", "--mode", "compile"], "--mode changes"),
    "training without measuring": (["profile", "mobilenet-v2", "--no-latency", "--pass", "train"], "--pass changes"),
    "a device without measuring": (["profile", "mobilenet-v2", "--no-latency", "--device", "cpu"], "--device changes"),
    "training compiled": (["profile", "mobilenet-v2", "--pass", "train", "--mode", "compile"], "take --mode eager"),
    "training folded": (["profile", "mobilenet-v2", "--pass", "train", "--fold-norm"], "--pass train with --fold-norm"),
    "training on one value": (
        ["profile", "mobilenet-v2", "--pass", "train", "--resolution", "32"],
        "would take its statistics of one value a channel",
    ),
    "nothing to fold": (["profile", "no-norm.yaml", "--no-latency", "--fold-norm"], "no batch norm that directly"),
    "a graph on the CPU": (
        ["profile", "mobilenet-v2", "--mode", "cudagraph", "--device", "cpu"],
        "captured on CUDA devices only",
    ),
    "layers of what has none": (
        ["profile", "mobilenet-v2", "--mode", "compile", "--sort", "latency_ms"],
        "layers are not measured with --mode compile",
    ),
    "no format": (["list", "--format", "nonsense"], "'table', 'json', 'csv', 'markdown'"),
    "format of another report": (["profile", "mobilenet-v2", "--format", "junit"], "'benchmark-action'"),
    "rows of what has none": (
        ["profile", "mobilenet-v2", "--no-latency", "--format", "bmf", "--top", "3"],
        "--top change nothing in --format bmf",
    ),
    "nothing to validate": (["validate"], "missing argument 'NETWORK'"),
    "invalid": (["validate", "good.yaml", "unknown-key.yaml", "unknown-key.yaml"], "unknown-key.yaml:5:1"),
    "stale": (["validate", "good.yaml", "stale.yaml"], "stale.yaml:5:18: expect: params is 1, but the table comes to"),
    "two invalid": (["validate", "even.yaml", "unknown-key.yaml"], "even.yaml:4:"),
    "no grouping": (["profile", "mobilenet-v2", "--by", "nonsense"], "'layer', 'block', 'stage', 'role'"),
    "diff with nothing": (["diff", "mobilenet-v2"], "missing argument 'HEAD'"),
    "diff by role": (["diff", "mobilenet-v2", "good.yaml", "--by", "role"], "'layer', 'block', 'stage'"),
    "diff of standard input with itself": (["diff", "-", "-"], "standard input holds one network"),
    "diff with a device and no measuring": (["diff", "good.yaml", "good.yaml", "--device", "cpu"], "without --measure"),
    "diff with no report": (["diff", "good.yaml", "nowhere.json"], "nowhere.json: No such file or directory"),
    "revision without a repository": (["show", "HEAD:good.yaml"], "HEAD:good.yaml: no git repository"),
    "output into a missing folder": (["list", "-o", "missing/list.csv"], "No such file or directory"),
    "output into a folder": (["list", "--format", "json", "-o", "."], "Is a directory"),
    "output without a name": (["list", "-o", ""], "names no file"),
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
    "check without a config": (["check"], "no mbconv-check.yaml is here"),
    "check with a wrong config": (["check", "--config", "check-typo"], "check-typo:2:25: max: should be a quantity"),
    "check with options of measuring": (["check", "--config", "check-all", "--threads", "1"], "--threads changes"),
    "check on no device": (["check", "--config", "check-time", "--device", "foo"], "--device 'foo' is not a device"),
    "layers of several networks": (
        ["profile", "mobilenet-v2", "good.yaml", "--no-latency", "--by", "stage"],
        "--by changes nothing with several networks",
    ),
    "one network twice": (["profile", "mobilenet-v2", "mobilenet-v2", "--no-latency"], "is given twice"),
    "frontier within no cost": (["frontier", "--budget", "latency=15ms"], "did you mean 'latency_ms'"),
    "frontier within no quantity": (["frontier", "--budget", "latency_ms=soon"], "such as 15 ms"),
    "frontier within time without measuring": (
        ["frontier", "--x", "macs", "--budget", "latency_ms=15ms"],
        "needs --x latency_ms",
    ),
    "frontier of no family": (["frontier", "--family", "MobilNet", "--x", "macs"], "did you mean 'MobileNet'"),
    "frontier of nothing": (["frontier", "--x", "macs", "--where", "macs < 1"], "no network is left"),
    "frontier where nothing can be": (
        ["frontier", "--x", "macs", "--where", "macs < 1M", "--where", "macs > 2M"],
        "exclude each other",
    ),
    "frontier with no backend": (["frontier", "--backend", "tensorflow"], "no backend 'tensorflow'"),
    "frontier with no threads": (["frontier", "--threads", "0"], "--threads '0': 0 is not from 1"),
    "frontier that measures nothing on a device": (
        ["frontier", "--x", "macs", "--device", "cpu"],
        "--device changes nothing with --x macs",
    ),
    "frontier with no accuracies": (["frontier", "--x", "macs", "--accuracy", "good.yaml"], "no column name"),
    "frontier to resume from a network": (["frontier", "--resume", "good.yaml"], "is no measured turn"),
    "frontier to resume in no folder": (["frontier", "--resume", "missing/turns"], "No such file or directory"),
    "frontier for no target": (["frontier", "--reward-target", "0ms"], "should be above 0"),
    "predict from no table": (["profile", "good.yaml", "--predict", "good.yaml"], "is no latency table"),
    "predict from nothing": (["frontier", "--predict", "nowhere"], "`mbconv table build` makes one"),
    "predict an exact cost": (["frontier", "--x", "macs", "--predict", "nowhere"], "--predict changes nothing"),
    "predict on a device": (["frontier", "--predict", "nowhere", "--device", "cpu"], "--device changes nothing"),
    "predict in processes": (["profile", "good.yaml", "--predict", "x", "--processes", "2"], "--processes changes"),
    "table of no space": (["table", "build", "--space", "mnasnt"], "did you mean 'mnasnet'"),
    "table of a sample of nothing": (["table", "build", "--sample", "3"], "--sample draws from a --space"),
    "table of nothing": (["table", "build", "--where", "macs < 1"], "no network is left"),
    "table into no folder": (["table", "build", "-o", "missing/table.json"], "No such file or directory"),
    "sweep of a table that is none": (
        ["sweep", "good.yaml", "--vary", "scaling.width=1,2", "--predict", "good.yaml"],
        "is no latency table",
    ),
    "sweep by no cost": (["sweep", "good.yaml", "--vary", "scaling.width=1,2", "--sort", "latency_ms"], "no cost"),
    "sweep on threads without measuring": (
        ["sweep", "good.yaml", "--vary", "scaling.width=1,2", "--threads", "1"],
        "without --measure",
    ),
    "sweep that measures and streams rows": (
        ["sweep", "good.yaml", "--vary", "scaling.width=1,2", "--measure", "--rows", "rows.jsonl"],
        "--measure with --rows",
    ),
    "sweep of no path": (["sweep", "good.yaml", "--vary", "scaling.widht=0.5,1"], "nearest valid path: scaling.width"),
    "sweep of an empty range": (["sweep", "good.yaml", "--vary", "scaling.width=2:1:0.5"], "scaling.width"),
    "sweep of nothing": (["sweep", "good.yaml", "--vary", "scaling.width="], "scaling.width"),
    "sweep where nothing can be": (
        ["sweep", "good.yaml", "--vary", "scaling.width=1,2", "--where", "macs < 1M", "--where", "macs > 2M"],
        "exclude each other",
    ),
    "baseline of nothing": (["baseline", "write"], "no mbconv-check.yaml is here"),
    "baseline with options of measuring": (["baseline", "write", "--threads", "1"], "without --measure"),
}

REPORTED = ("check with a wrong config",)
"""What is also a row of a report, for those who read reports alone."""


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
        env=environment({"GIT_CEILING_DIRECTORIES": str(folder.parent)}),
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


def test_validation_says_nothing_of_what_is_valid(mbconv: Run, folder: Path) -> None:
    done = mbconv("validate", str(folder / "good.yaml"), "mobilenet-v2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str, results: dict[str, dict[str, Any]]) -> None:
    result = results[f"refused {name}"]
    assert result["code"] == 2
    assert (result["out"] == "") == (name not in REPORTED)
    assert REFUSED[name][1] in result["err"]
    assert "fault of mbconv" not in result["err"]
    assert "Traceback" not in result["err"]
    assert all(line.startswith("mbconv: ") for line in result["err"].splitlines())
    assert len(result["err"].splitlines()) <= 2


@pytest.mark.usefixtures("results")
def test_nothing_is_written(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)

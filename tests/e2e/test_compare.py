"""The commands that compare, as users call them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mbconv_cli import cli

ROOT = Path(cli.__file__).parent.parent
BLOCKS = ("compare-blocks", "--in", "8", "--out", "8", "--resolution", "4")


def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    """The exit code and the two streams of a command."""
    monkeypatch.setattr(sys, "argv", ["mbconv", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare-kernels", "--n", "1..64", "--m", "32"),
        ("compare-kernels", "--in-network", "mnasnet-a1"),
        ("ablate", "efficientnet-b0"),
        BLOCKS,
    ],
)
def test_exact_answers_come_without_torch(arguments: tuple[str, ...]) -> None:
    program = (
        "import sys; from mbconv_cli import cli\n"
        f"sys.argv = ['mbconv', *{arguments!r}]\n"
        "try: cli.main()\n"
        "except SystemExit as ended: assert not ended.code, ended.code\n"
        "assert 'torch' not in sys.modules and 'fvcore' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("compare-kernels", "--n", "0"), "--n '0'"),
        (("compare-kernels", "--n", ""), "--n ''"),
        (("compare-kernels", "--n", "9..3"), "nearest is 3..9"),
        (("compare-kernels", "--kernel", "4"), "nearest are 3 and 5"),
        (("compare-kernels", "--stack", ""), "an empty stack"),
        (("compare-kernels", "--stack", "3x3,4x4"), "4x4 is even"),
        (("compare-kernels", "--kernel", "1"), "give a --stack"),
        (("compare-kernels", "--m", "1..4"), "one number"),
        (("compare-kernels", "--n", "8", "--in-network", "mnasnet-a1"), "--n describes layers"),
        (("compare-kernels", "--set", "activation=relu"), "--set needs --in-network"),
        (("compare-kernels", "--threads", "1"), "--threads changes nothing without --measure"),
        (("compare-kernels", "--device", "gpu", "--measure"), "is not a device"),
        (("compare-kernels", "--in-network", "mnasnet-a2"), "mnasnet-a1"),
        (("compare-kernels", "--in-network", "mobilenet-v2"), "no depthwise 5x5"),
        (("ablate", "mnasnet-a1", "--set", "blocks[9].kernel_size=3"), "nearest valid path"),
        (("show", "mnasnet-a1", "--set", "blocks[*].kernel_size=x"), "should be a whole number"),
        (("profile", "mnasnet-a1", "--no-latency", "--set", "wdth=2"), "has no 'wdth'"),
        ((*BLOCKS, "--kernel", "2"), "2x2 is even"),
        ((*BLOCKS, "--block", "x"), "--block"),
        ((*BLOCKS, "--set", "blocks[1].kernel_size=3"), "nothing is there"),
        (("compare-blocks", "--in", "8"), "--out"),
    ],
)
def test_wrong_use_is_told_and_ends_with_2(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = call(capsys, monkeypatch, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_a_range_is_drawn_for_people_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("compare-kernels", "--n", "1..16")
    assert "over n:" in call(capsys, monkeypatch, *arguments)[1]
    assert "over n:" in call(capsys, monkeypatch, *arguments, "--format", "markdown")[1]
    report = json.loads(call(capsys, monkeypatch, *arguments, "--format", "json")[1])
    assert report["sections"]["crossing"]["plot"]["marks"] == [7.0]
    csv = call(capsys, monkeypatch, *arguments, "--format", "csv")[1]
    assert csv.splitlines()[8].startswith("8,8,33,34,")


def test_a_changed_network_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    settings = ("--set", "blocks[2:].se_ratio=0", "--set", "activation=relu", "-o", str(file), "--format", "json")
    assert call(capsys, monkeypatch, "profile", "efficientnet-b0", "--no-latency", *settings) == (0, "", "")
    assert json.loads(file.read_text())["subject"]["set"] == "blocks[2:].se_ratio=0; activation=relu"


def test_measuring_gives_a_ratio_with_its_interval(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = ("--measure", "--device", "cpu", "--threads", "1", "--processes", "2", "--format", "json")
    code, out, err = call(capsys, monkeypatch, "compare-kernels", "--n", "4", "--height", "8", *measured)
    assert (code, err) == (0, "")
    row = next(row for row in json.loads(out)["sections"]["crossing"]["rows"] if row["n"] == 4)
    assert row["latency_ratio_low"] <= row["latency_ratio"] <= row["latency_ratio_high"]


def wait_for_child(process_id: int) -> None:
    """Until a process has started another one: then it measures."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    for _ in range(600):
        if children.read_text():
            return
        time.sleep(0.1)
    pytest.fail("no measuring process was started within a minute")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux tells of a process's children there")
def test_ctrl_c_ends_measuring_with_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mbconv_cli", "compare-kernels", "--n", "8", "--measure", "--processes", "500"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        wait_for_child(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == (b"", b"mbconv: interrupted\n")

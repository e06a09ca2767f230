"""The command in a terminal: colours, widths, and a bar while it measures."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from mbconv_cli.measure.budget import LEAST_ROUNDS
from tests.e2e.conftest import MODULE, Environment

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are of Unix", allow_module_level=True)

import fcntl
import pty
import struct
import termios

TINY = "input: {channels: 3, resolution: 32}\nblocks:\n  - {kernel_size: 3, expand_ratio: 6, output_filters: 16}\n"


@contextlib.contextmanager
def terminal(columns: int = 80) -> Iterator[tuple[int, int]]:
    """A pseudo-terminal of a width: the end that watches, and the end to give to a program."""
    watcher, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    try:
        yield watcher, end
    finally:
        os.close(watcher)
        with contextlib.suppress(OSError):  # closed already
            os.close(end)


def read_all(watcher: int) -> str:
    """All that was written until the program's end was closed, which Linux tells by an error."""
    seen = b""
    with contextlib.suppress(OSError):
        while block := os.read(watcher, 65_536):
            seen += block
    return seen.decode("utf-8").replace("\r\n", "\n")


def shown(arguments: list[str], environment: dict[str, str], folder: Path, columns: int = 80) -> str:
    """What a terminal shows of a run."""
    with terminal(columns) as (watcher, end):
        process = subprocess.Popen(
            [*MODULE, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=end,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
        )
        os.close(end)
        text = read_all(watcher)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")
    return text


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, and again if a library that is being imported has swallowed it."""
    for _ in range(10):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=3)
            return


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["show", "efficientnet-b0"],
        ["profile", "mobilenet-v3-small", "--no-latency"],
        ["diff", "mobilenet-v1", "mobilenet-v2"],
    ],
    ids=["list", "show", "profile", "diff"],
)
def test_output_is_coloured_and_fits(
    arguments: list[str], columns: int, environment: Environment, tmp_path: Path
) -> None:
    text = shown(arguments, environment({}), tmp_path, columns)
    assert "\x1b[1m" in text
    assert max(cell_len(line) for line in plain(text).splitlines()) <= columns


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_no_colours_where_none_are_wanted(variables: dict[str, str], environment: Environment, tmp_path: Path) -> None:
    assert "\x1b" not in shown(["list"], environment(variables), tmp_path)


def test_columns_is_honoured(environment: Environment, tmp_path: Path) -> None:
    wide = shown(["list"], environment({"COLUMNS": "200"}), tmp_path)
    assert "source" in plain(wide).splitlines()[2]


@pytest.mark.parametrize("columns", [80, 120])
def test_every_example_of_a_help_has_its_line(columns: int, environment: Environment, tmp_path: Path) -> None:
    lines = [
        line.strip(" •")
        for line in plain(shown(["profile", "--help"], environment({}), tmp_path, columns)).splitlines()
    ]
    assert "mbconv profile efficientnet-b0" in lines
    assert "mbconv profile ./mine.yaml --no-latency --format json -o mine.json" in lines


def test_a_bar_while_it_measures_and_an_end_by_ctrl_c(environment: Environment, tmp_path: Path) -> None:
    with terminal() as (watcher, end), (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [*MODULE, "profile", "efficientnet-b4"],
            stdout=output,  # no pipe, which would be full before anyone reads it
            stderr=end,
            env=environment({}),
            cwd=tmp_path,
        )
        os.close(end)
        seen = b""
        while b"measuring efficientnet-b4" not in seen:
            seen += os.read(watcher, 65_536)
        time.sleep(1)
        interrupt(process)
        text = read_all(watcher)
    assert process.returncode == 130
    assert text.rstrip().endswith("mbconv: interrupted")
    assert "Traceback" not in text
    assert list(tmp_path.iterdir()) == [tmp_path / "output"]


@pytest.mark.parametrize("into_file", [False, True], ids=["standard output", "file"])
def test_ctrl_c_while_it_samples_tells_what_was_measured(
    into_file: bool, environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    options = ["--device", "cpu", "--processes", "2", "--precision", "0.0001%", "--format", "json"]
    arguments = ["profile", "tiny.yaml", *options]
    output = tmp_path / "output"  # no pipe, which holds 64 KiB: nobody reads it while the terminal is read
    with terminal() as (watcher, end), output.open("wb") as stream:
        process = subprocess.Popen(
            [*MODULE, *arguments, *(["-o", "report.json"] if into_file else [])],
            stdout=stream,
            stderr=end,
            env=environment({}),
            cwd=tmp_path,
        )
        os.close(end)
        seen = b""
        while len(re.findall(rb"\d:\d\d:\d\d", seen)) < 10:  # the time left, told anew ten times a second
            seen += os.read(watcher, 65_536)
        process.send_signal(signal.SIGINT)
        text = read_all(watcher)
    assert process.wait(timeout=60) == 130
    assert text.rstrip().endswith("mbconv: interrupted")
    assert "Traceback" not in text
    report = json.loads((tmp_path / "report.json" if into_file else output).read_text(encoding="utf-8"))
    assert report["measurement"]["complete"] is False
    assert len(report["samples"]["latency_ms"]) == report["totals"]["latency_samples"] >= LEAST_ROUNDS
    (note,) = [note for note in report["notes"] if "incomplete" in note]
    assert note.startswith("warning: incomplete: interrupted after ")

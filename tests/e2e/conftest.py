"""Running the command as users do: in a process of its own, from a folder that is not the checkout."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

import mbconv_cli
from mbconv_cli.cli import main

Environment: TypeAlias = Callable[[Mapping[str, str]], dict[str, str]]
Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

MODULE = [sys.executable, "-m", "mbconv_cli"]
TERMINAL_VARIABLES = (
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "TERM",
    "PYTHONIOENCODING",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
)


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key not in TERMINAL_VARIABLES}
    package = str(Path(mbconv_cli.__file__).resolve().parent.parent)
    return inherited | {"PYTHONPATH": package, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"} | dict(changes)


@pytest.fixture(scope="session")
def environment() -> Environment:
    """The environment of a terminal that says nothing special, with changes."""
    return _environment


@pytest.fixture
def mbconv(tmp_path: Path) -> Run:
    """Runs `mbconv` with some arguments and variables, and text on standard input."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MODULE, *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env=_environment(variables),
            cwd=tmp_path,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture
def mbconv_in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `mbconv` in the process of the tests, which imports torch and its libraries once for all of them."""
    for variable in TERMINAL_VARIABLES:
        monkeypatch.delenv(variable, raising=False)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["mbconv", *arguments])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
            main()
        texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
        return subprocess.CompletedProcess(arguments, int(end.value.code or 0), *texts)

    return run

"""Running the command as users do: in a process of its own, from a folder that is not the checkout."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

import mbconv_cli
from mbconv_cli.cli import main
from mbconv_cli.spec.catalogue import _paths_in

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
def mbconv_in_process(tmp_path: Path) -> Run:
    """Runs `mbconv` in the process of the tests, which imports torch and its libraries once for all of them."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        given, out, err = (io.TextIOWrapper(io.BytesIO(text), "utf-8") for text in (stdin.encode(), b"", b""))
        _paths_in.cache_clear()  # files are written between two commands of a test
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("default")
            for variable in TERMINAL_VARIABLES:
                patch.delenv(variable, raising=False)
            for variable, value in {"PYTHONSAFEPATH": "1", **variables}.items():
                patch.setenv(variable, value)
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", ["mbconv", *arguments])
            patch.setattr(sys, "stdin", given)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
                main()
        texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
        return subprocess.CompletedProcess(arguments, int(end.value.code or 0), *texts)

    return run

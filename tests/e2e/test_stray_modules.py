"""Python files that happen to lie in the current directory are not run, by the command or by a process of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Environment

STRAY = (
    "random",
    "tempfile",
    "pickle",
    "statistics",
    "zipfile",
    "typer",
    "torch",
    "fvcore",
    "numpy",
    "sympy",
    "joblib",
)
COMMANDS = {
    "counting": ["profile", "net.yaml", "--no-latency"],
    "measuring": ["profile", "net.yaml", "--max-time", "1", "--processes", "2", "--threads", "1"],
    "sweeping on two cores": ["sweep", "net.yaml", "--vary", "scaling.width=0.5:1.6:0.001", "--jobs", "2"],
    "auditing": ["verify", "net.yaml"],
}
NETWORK = """
input: {channels: 3, resolution: 16}
stem: {output_filters: 8, stride: 2}
blocks: [{kernel_size: 3, expand_ratio: 2, output_filters: 8}]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cloned")
    (folder / "net.yaml").write_text(NETWORK, encoding="utf-8")
    for name in STRAY:
        (folder / f"{name}.py").write_text(f"raise SystemExit('the stray {name}.py was run')\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_no_file_of_the_current_directory_is_run(arguments: list[str], folder: Path, environment: Environment) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mbconv_cli", *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment({}),
        cwd=folder,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout

"""What pyproject.toml asks for is what the package imports, with a lowest version that `.ci/lowest` can read."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUN_TIME: list[str] = PROJECT["dependencies"]
EXTRAS = [
    each
    for extra in ("peers", "onnx", "cluster", "cuda", "parquet", "plot")
    for each in PROJECT["optional-dependencies"][extra]
]
MODULES = {"nvidia-ml-py": "pynvml", "pyyaml": "yaml"}
"""Packages whose module has another name."""
BROUGHT_BY = {"numpy": "onnxruntime", "pydantic_core": "pydantic"}
"""Modules that come with another package, which is their only reason."""
OF_THE_CALLER = {"pandas"}
"""Modules that are imported where a caller asks for their objects, and has them."""
OWN = "mbconv_cli"


def _module(requirement: str) -> str:
    name = re.split(r"[><=!~\[]", requirement)[0]
    return MODULES.get(name, name).replace("-", "_")


def imported() -> set[str]:
    """The packages that the package imports by a statement, those of the standard library left out."""
    found: set[str] = set()
    for path in (ROOT / OWN).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    found |= {name.name.partition(".")[0] for name in names}
                case ast.ImportFrom(module=str(module), level=0):
                    found.add(module.partition(".")[0])
    return found - sys.stdlib_module_names - {OWN}


def test_everything_that_is_installed_is_imported() -> None:
    assert {_module(each) for each in RUN_TIME} <= imported()


def test_everything_that_is_imported_is_asked_for() -> None:
    asked = {_module(each) for each in (*RUN_TIME, *EXTRAS)}
    assert {BROUGHT_BY.get(module, module) for module in imported()} - OF_THE_CALLER <= asked


@pytest.mark.parametrize("requirement", [*RUN_TIME, *EXTRAS])
def test_there_are_lower_bounds_only(requirement: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]+>=[0-9][0-9a-z.]*", requirement)


def test_the_script_reads_every_bound() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("dependencies = [")
    bounds = lines[start + 1 : lines.index("]", start)]
    assert [re.fullmatch(r'  "([^>]*>=.*)",', line)[1] for line in bounds] == RUN_TIME  # type: ignore[index]  # None fails too

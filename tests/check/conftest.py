"""A repository whose working tree is checked against HEAD."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.config import load_config
from mbconv_cli.check.run_check import Checked, check
from mbconv_cli.git.revisions import resolve
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.report.model import Row
from mbconv_cli.spec.catalogue import Catalogue
from tests.repositories import GitRepository, new_repository


def rows_of(checked: Checked) -> dict[tuple[str, str], Row]:
    return {(str(row["network"]), str(row["metric"])): row for row in checked.report.sections["checks"].rows}


@pytest.fixture
def git_repository(tmp_path: Path) -> GitRepository:
    return new_repository(tmp_path)


@pytest.fixture
def check_tree(git_repository: GitRepository) -> Callable[..., Checked]:
    """Writes files (None takes one away) into the working tree and checks it against HEAD."""

    def run(files: Mapping[str, str | None], config: str = "mbconv-check.yaml") -> Checked:
        git_repository.write(dict(files))
        measure = MeasureRequest(DeviceChoice("cpu"), 1, 2, lambda _: None)
        loaded = load_config(git_repository.folder / config)
        return check(loaded, resolve("HEAD", git_repository.folder), Catalogue(), measure)

    return run

"""`mbconv diff` as users call it, in a real repository."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.repositories import NETWORK, GitRepository, new_repository

FILE = "nets/mine.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """The folder in which the command runs, with a network committed."""
    repository = new_repository(tmp_path)
    repository.commit({FILE: NETWORK, "nets/child.yaml": "extends: mine\nscaling: {width: 2}\n"})
    return repository


def test_a_reordered_file_is_an_identical_plan(mbconv_in_process: Run, repository: GitRepository) -> None:
    lines = NETWORK.splitlines(keepends=True)
    reordered = "# in another order\n" + lines[-1] + lines[1] + lines[0] + "".join(lines[2:-1])
    (repository.folder / FILE).write_text(reordered)
    done = mbconv_in_process("diff", f"HEAD:{FILE}", FILE, "--exit-code", "--measure")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nidentical plan: " in done.stdout
    assert "\nlatency: not measured, since the plans are identical\n" in done.stdout


def test_a_widened_layer_is_told_with_its_option_and_its_cost(
    mbconv_in_process: Run, repository: GitRepository
) -> None:
    repository.commit({FILE: NETWORK.replace("output_filters: 16", "output_filters: 24")})
    sides = ("diff", "main~1:nets/mine.yaml", "main:nets/mine.yaml")
    done = mbconv_in_process(*sides, "--exit-code", "--format", "json")
    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads(done.stdout)
    assert report["kind"] == "diff"
    assert report["sections"]["options"]["rows"] == [{"option": "blocks[1].output_filters", "base": "16", "head": "24"}]
    assert [row["name"] for row in report["sections"]["blocks"]["rows"]] == [
        "stages.1.0",
        "stages.1.1",
        "classifier",
        "2 others",
    ]
    assert mbconv_in_process(*sides).returncode == 0


def test_a_parent_that_changed_changes_its_child(mbconv_in_process: Run, repository: GitRepository) -> None:
    repository.commit({FILE: NETWORK.replace("expand_ratio: 6", "expand_ratio: 4")})
    done = mbconv_in_process("diff", "HEAD~1:nets/child.yaml", "nets/child.yaml", "--exit-code")
    assert done.returncode == 1
    assert "blocks[1].expand_ratio  6     4" in done.stdout


def test_a_stored_report_in_the_repository(mbconv_in_process: Run, repository: GitRepository) -> None:
    stored = mbconv_in_process("profile", FILE, "--no-latency", "--format", "json").stdout
    repository.commit({"mine.json": stored})
    assert mbconv_in_process("diff", "HEAD:mine.json", FILE, "--exit-code").returncode == 0
    assert mbconv_in_process("diff", "mine.json", "-", "--exit-code", stdin=stored).returncode == 0
    assert mbconv_in_process("diff", "-", "mine.json", "--exit-code", stdin=NETWORK).returncode == 0
    assert (
        mbconv_in_process("diff", "-", "mine.json", "--exit-code", stdin=NETWORK.replace("swish", "relu")).returncode
        == 1
    )


def test_a_broken_file_is_told_with_its_revision(mbconv_in_process: Run, repository: GitRepository) -> None:
    repository.commit({FILE: NETWORK.replace("kernel_size: 3, num", "kernel_size: 4, num")})
    done = mbconv_in_process("diff", "HEAD~1:nets/mine.yaml", "HEAD:nets/mine.yaml", "--exit-code")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mbconv: HEAD:nets/mine.yaml:6:19: kernel_size: ")


def test_all_formats_hold_all_rows(mbconv_in_process: Run) -> None:
    sides = ("diff", "mnasnet-a1", "mnasnet-b1")
    rows = json.loads(mbconv_in_process(*sides, "--format", "json").stdout)["sections"]["blocks"]["rows"]
    table, markdown, text = (
        mbconv_in_process(*sides, *rest).stdout
        for rest in (("--verbose",), ("--verbose", "--format", "markdown"), ("--format", "csv"))
    )
    for row in rows:
        assert f"\n{row['name']} " in table
        assert f"| {row['name']} |" in markdown
    written = list(csv.reader(io.StringIO(text)))
    assert {row["name"] for row in rows} <= {line[0] for line in written if line}

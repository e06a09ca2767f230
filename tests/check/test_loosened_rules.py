"""Whoever loosens a rule in the same change gets a row for it, on the line that loosens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.config import load_config
from mbconv_cli.check.run_check import Checked, check
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.git.revisions import resolve
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.report.model import Row
from mbconv_cli.spec.catalogue import Catalogue
from tests.repositories import NETWORK, GitRepository, new_repository

CONFIG = """\
networks: ["nets/*.yaml"]
metrics:
  params: {max: 6.5M, max_increase: 0}
  macs: {max_increase: 0}
overrides:
  - match: small
    metrics:
      params: {max: 10k}
"""
Run = Callable[..., Checked]


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    repository = new_repository(tmp_path)
    repository.commit({"mbconv-check.yaml": CONFIG, "nets/small.yaml": NETWORK, "nets/other.yaml": NETWORK})
    return repository


@pytest.fixture
def run(repository: GitRepository) -> Run:
    """Checks the working tree with another config against HEAD."""

    def run(config: str, path: str = "mbconv-check.yaml") -> Checked:
        file = repository.folder / path
        file.write_text(config, encoding="utf-8")
        measure = MeasureRequest(DeviceChoice("cpu"), 1, 2, lambda _: None)
        return check(load_config(file), resolve("HEAD", repository.folder), Catalogue(), measure)

    return run


def loosened(checked: Checked) -> list[Row]:
    return [row for row in checked.report.sections["checks"].rows if str(row["metric"]).endswith(" rule")]


@pytest.mark.parametrize(
    ("before", "after", "network", "metric", "change", "line"),
    [
        ("max: 6.5M", "max: 60M", "other", "params rule", "max was 6.5M and is 60M", 3),
        ("max: 10k", "max: 60M", "small", "params rule", "max was 10k and is 60M", 8),
        ("max_increase: 0}\n  macs", "max_increase: 50%}\n  macs", "all 2 networks", "params rule",
         "max_increase was 0 and is 50%", 3),
        (", max_increase: 0}\n  macs", "}\n  macs", "all 2 networks", "params rule",
         "max_increase was 0 and is gone", 3),
        ("  macs: {max_increase: 0}\n", "", "all 2 networks", "macs rule",
         "no longer checked; it was max_increase 0", 3),
        ("macs: {max_increase: 0}", "macs: {max_increase: 0, level: off}", "all 2 networks", "macs rule",
         "no longer checked; it was max_increase 0", 4),
        ("macs: {max_increase: 0}", "macs: {max_increase: 0, level: warn}", "all 2 networks", "macs rule",
         "level was error and is warn", 4),
        ("match: small", "match: smal", "small", "params rule", "max was 10k and is 6.5M", 3),
        ("networks", "missing: allow\nnetworks", "mbconv-check.yaml", "missing rule",
         "missing was fail and is allow", 1),
        ("networks", "latency: {margin: 20%}\nnetworks", "mbconv-check.yaml", "latency margin rule",
         "margin was 3% and is 20%", 1),
    ],
)  # fmt: skip
def test_each_is_a_warning_on_its_line(
    run: Run, before: str, after: str, network: str, metric: str, change: str, line: int
) -> None:
    checked = run(CONFIG.replace(before, after, 1))
    (row,) = loosened(checked)
    assert checked.error is None
    assert str(row["network"]).endswith(network)
    assert (row["metric"], row["message"]) == (metric, f"{change} (as of HEAD)")
    assert (row["verdict"], row["level"], row["line"]) == ("fail", "warn", line)


def test_stricter_rules_and_new_ones_are_no_rows(run: Run) -> None:
    stricter = CONFIG.replace("6.5M", "6M").replace("  macs", "  bytes: {max: 60 MiB}\n  macs")
    assert loosened(run(stricter)) == []


@pytest.mark.parametrize(("then", "now"), [(True, True), (True, False), (False, True)])
def test_frozen_rules_fail_even_where_the_change_thaws_them(
    repository: GitRepository, run: Run, then: bool, now: bool
) -> None:
    repository.commit({"mbconv-check.yaml": CONFIG + "rules: frozen\n" * then})
    checked = run(CONFIG.replace("6.5M", "60M") + "rules: frozen\n" * now)
    assert isinstance(checked.error, CheckFailedError)
    rows = loosened(checked)
    assert len(rows) == 1 + (then and not now)
    assert {(row["verdict"], row["level"]) for row in rows} == {("fail", "error")}


@pytest.mark.parametrize("path", ["renamed.yaml", "ci/mbconv-check.yaml"])
def test_a_config_that_was_moved_is_compared_with_itself(repository: GitRepository, run: Run, path: str) -> None:
    (repository.folder / "mbconv-check.yaml").unlink()
    (repository.folder / "ci").mkdir()
    start = "../" if "/" in path else ""
    (row,) = loosened(run(CONFIG.replace("6.5M", "60M").replace("nets/", f"{start}nets/"), path))
    assert row["message"] == "max was 6.5M and is 60M (as of HEAD)"
    assert str(row["file"]).endswith(path)


def test_a_network_that_a_moved_config_no_longer_selects_is_missed(repository: GitRepository, run: Run) -> None:
    (repository.folder / "mbconv-check.yaml").unlink()
    (repository.folder / "ci").mkdir()
    checked = run(CONFIG.replace("nets/*", "../nets/s*"), "ci/mbconv-check.yaml")
    (row,) = (row for row in checked.report.sections["checks"].rows if row["verdict"] == "missing")
    assert row["network"] == "other"


def test_another_name_turns_no_budget_off_without_a_row(repository: GitRepository, run: Run) -> None:
    config = CONFIG.replace("match: small", "match: tiny")
    repository.commit({"mbconv-check.yaml": config, "nets/small.yaml": f"name: tiny\n{NETWORK}"})
    (repository.folder / "nets" / "small.yaml").write_text(NETWORK, encoding="utf-8")
    checked = run(config)
    (row,) = loosened(checked)
    assert (row["network"], row["message"]) == ("small", "max was 10k and is 6.5M (as of HEAD)")
    assert checked.report.totals["warned"] == 2  # and the override that matches nothing


def test_a_former_config_that_cannot_be_read_is_a_row(repository: GitRepository, run: Run) -> None:
    repository.commit({"mbconv-check.yaml": "networks: 3\n"})
    checked = run(CONFIG)
    (row,) = (row for row in checked.report.sections["checks"].rows if row["metric"] == "config")
    assert (row["verdict"], row["level"], row["line"]) == ("not comparable", "warn", 1)
    assert "the config as of HEAD cannot be read" in str(row["message"])

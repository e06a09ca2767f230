"""The line to blame, what to do about it, and the limit that really holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.config import load_config
from mbconv_cli.check.run_check import Checked, check
from mbconv_cli.git.revisions import resolve_base
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.spec.catalogue import Catalogue
from tests.check.conftest import rows_of
from tests.check.test_run_check import FakeProcesses
from tests.repositories import NETWORK, GitRepository

Check = Callable[..., Checked]
CONFIG = """\
networks: ["nets/*.yaml"]
metrics:
  params: {max_increase: 0}
"""
HEAD = "head: {output_filters: 64}\n"


@pytest.fixture(autouse=True)
def _base(git_repository: GitRepository) -> None:
    git_repository.commit({"mbconv-check.yaml": CONFIG, "nets/a.yaml": NETWORK + HEAD})


def test_a_wider_head_is_blamed_though_the_classifier_after_it_costs_more(check_tree: Check) -> None:
    wider = NETWORK.replace("{output_filters: 8}", "{output_filters: 8, kernel_size: 5}")
    wider = wider.replace("num_classes: 10", "num_classes: 1000") + HEAD
    rows = rows_of(check_tree({"nets/a.yaml": wider}))
    assert rows["a", "params"]["line"] == 7  # the classes, not the stem


def test_a_wider_head_is_its_own_cause(git_repository: GitRepository, check_tree: Check) -> None:
    text = NETWORK.replace("num_classes: 10", "num_classes: 1000") + HEAD
    git_repository.commit({"nets/a.yaml": text})
    wider = text.replace("output_filters: 64", "output_filters: 96").replace(
        "{output_filters: 8}", "{output_filters: 9}"
    )
    assert rows_of(check_tree({"nets/a.yaml": wider}))["a", "params"]["line"] == 8


def test_a_budget_that_the_change_lowers_is_blamed_in_the_config(check_tree: Check) -> None:
    config = CONFIG.replace("max_increase: 0", "max_increase: 0, max: 1k")
    row = rows_of(check_tree({"mbconv-check.yaml": config}))["a", "params"]
    assert (Path(str(row["file"])).name, row["line"]) == ("mbconv-check.yaml", 3)
    assert "a higher budget is set in" in str(row["next_step"])


def test_a_failure_names_the_command_for_details_and_the_entry_that_accepts_it(check_tree: Check) -> None:
    row = rows_of(check_tree({"nets/a.yaml": NETWORK + HEAD.replace("64", "65")}))["a", "params"]
    step = str(row["next_step"])
    assert step.startswith("`mbconv diff HEAD:nets/a.yaml ")
    assert f"{{network: nets/a.yaml, metric: params, value: {row['head']}, reason: ...}}" in step


def test_the_limit_of_a_latency_is_the_one_that_is_applied(git_repository: GitRepository) -> None:
    config = CONFIG.replace("params: {max_increase: 0}", "latency_ms: {max_increase: 3%}")
    git_repository.write({"mbconv-check.yaml": config, "nets/a.yaml": NETWORK + HEAD.replace("64", "65")})
    measure = MeasureRequest(DeviceChoice("cpu"), 1, 10, lambda _: None, FakeProcesses(1.036, 0.001))
    loaded = load_config(git_repository.folder / "mbconv-check.yaml")
    row = rows_of(check(loaded, resolve_base("HEAD", git_repository.folder), Catalogue(), measure))["a", "latency_ms"]
    assert row["limit"] == "max_increase 3% + 3% margin"


@pytest.mark.parametrize(("params", "macs", "stale"), [(6_730, 517_280, []), (6_731, 517_280, ["params"])])
def test_a_stale_expectation_is_a_row_on_its_line(check_tree: Check, params: int, macs: int, stale: list[str]) -> None:
    expect = f"expect: {{params: {params}, macs: {macs}, source: counted}}\n"
    rows = rows_of(check_tree({"nets/a.yaml": NETWORK + expect}))
    found = {metric: row for (_, metric), row in rows.items() if metric.startswith("expected")}
    assert [key.removeprefix("expected ") for key in found] == stale
    for row in found.values():
        assert (row["verdict"], row["line"], row["column"]) == ("fail", 8, 18)


def test_the_report_has_the_commits(git_repository: GitRepository, check_tree: Check) -> None:
    report = check_tree({}).report
    commit = git_repository.git("rev-parse", "HEAD")
    assert report.provenance.settings["base_commit"] == report.provenance.settings["commit"] == commit
    assert str(report.provenance.settings["commit_date"]).startswith("20")
    assert report.subject["commit"] == commit[:12]

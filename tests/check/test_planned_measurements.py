from __future__ import annotations

import pytest

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.config import load_config
from mbconv_cli.check.measured_judgement import GATE_SECONDS
from mbconv_cli.check.planned_measurements import START_SECONDS
from mbconv_cli.check.run_check import measuring_plan
from mbconv_cli.git.revisions import resolve
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from mbconv_cli.spec.catalogue import Catalogue
from tests.repositories import NETWORK, GitRepository

CONFIG = "networks: ['*.yaml']\nmetrics: {latency_ms: {max_increase: 3%}}\n"


def planned(repository: GitRepository, config: str) -> Report:
    repository.write({"c.yml": config})
    measure = MeasureRequest(DeviceChoice("cpu"), 1, 10, lambda _: None)
    loaded = load_config(repository.folder / "c.yml")
    return measuring_plan(loaded, resolve("HEAD", repository.folder), Catalogue(), measure)


def test_it_names_what_changed_and_how_long_that_takes(git_repository: GitRepository) -> None:
    git_repository.commit({"a.yaml": NETWORK, "b.yaml": NETWORK})
    git_repository.write({"a.yaml": NETWORK.replace("swish", "relu")})
    report = planned(git_repository, CONFIG)
    (row,) = report.sections["measurements"].rows
    assert (row["network"], row["measured"], row["tests"]) == ("a", "base and head in turn", 1)
    assert report.totals["seconds"] == pytest.approx(10 * (GATE_SECONDS + START_SECONDS))


def test_a_budget_is_measured_alone_and_nothing_that_is_the_same(git_repository: GitRepository) -> None:
    git_repository.commit({"a.yaml": NETWORK})
    report = planned(git_repository, CONFIG)
    assert (report.totals["networks"], report.sections["measurements"].rows) == (0, ())
    for output_format in (Format.TABLE, Format.JSON, Format.CSV, Format.MARKDOWN):
        assert render(report, output_format, Style(width=80)).endswith("\n")
    (row,) = planned(git_repository, CONFIG.replace("3%", "3%, max: 9 ms")).sections["measurements"].rows
    assert row["measured"] == "head alone"

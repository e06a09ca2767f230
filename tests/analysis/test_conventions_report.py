"""The difference between conventions as a report."""

from __future__ import annotations

import sys

import pytest

from mbconv_cli.analysis.conventions_report import conventions
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.report.model import Report


def report(*, peer: bool = True) -> Report:
    return conventions(open_network("efficientnet-b0"), peer=peer, progress=lambda _: None)


def test_efficientnet_b0_as_fvcore_counts_it_by_default() -> None:
    pytest.importorskip("torchvision", reason="its module is counted")
    told = report()
    assert told.subject["counted"] == "torchvision:efficientnet_b0"
    rows = [(row["item"], row["count"]) for row in told.sections["differences"].rows if row["tool"] == "fvcore"]
    assert rows == [
        ("the MACs of this project", 385_814_752),
        ("batch norm, 2 an element", 13_475_392),
        ("average pooling, 1 an element in", 2_369_248),
        ("figure of fvcore", 401_659_392),
        ("unexplained", 0),
    ]


def test_each_tool_adds_up_and_nothing_is_left_over() -> None:
    told = report(peer=False)
    assert told.subject["counted"] == "the module built here"
    for figure in told.sections["figures"].rows:
        if figure["version"] == "not installed":
            continue
        rows = [row for row in told.sections["differences"].rows if row["tool"] == figure["tool"]]
        counts = [row["count"] for row in rows if isinstance(row["count"], int)]
        assert sum(counts[:-2]) + counts[-1] == counts[-2] == figure["figure"]
        assert (rows[-1]["item"], counts[-1], figure["unexplained"]) == ("unexplained", 0, 0)
    assert told.notes == ()


def test_a_tool_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "thop", None)
    told = report(peer=False)
    assert {"tool": "thop", "version": "not installed"} in told.sections["figures"].rows
    assert "thop" not in {row["tool"] for row in told.sections["differences"].rows}


def test_what_cannot_be_explained_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def nonsense(_tool: object, _computed: object) -> list[tuple[str, int]]:
        return [("nonsense", 1)]

    monkeypatch.setattr("mbconv_cli.analysis.conventions_report.differences", nonsense)
    told = report(peer=False)
    assert "warning: 15,844,639 of fvcore's figure are unexplained" in told.notes

"""Verdicts, and the words for what does not agree."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.verify import Checks, Verification, verify
from mbconv_cli.measure.audit_result import Audit, Disagreement
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.report.model import Row
from mbconv_cli.spec.loader import load_text

SMALL = "mobilenet-v3-small"
EXPECT = 'expect: {params: 2542856, macs: 56510400, source: "torchvision", peer: "torchvision:mobilenet_v3_small"}'


def run(*networks: OpenNetwork, peer: bool = True, numerics: bool = False) -> Verification:
    return verify(networks, Checks(peer=peer, numerics=numerics), lambda _: None)


def only_row(verification: Verification) -> Row:
    (row,) = verification.report.sections["networks"].rows
    return row


def changed(folder: Path, expect: str, text: str = "") -> OpenNetwork:
    file = folder / "changed.yaml"
    file.write_text(f"extends: {SMALL}\n{text}\n{expect}\n", encoding="utf-8")
    return open_network(str(file))


def test_a_right_network_agrees_in_every_respect() -> None:
    pytest.importorskip("torchvision", reason="nothing to compare with")
    verification = run(open_network(SMALL), numerics=True)
    row = dict(only_row(verification))
    assert isinstance(row.pop("seconds"), float)
    difference = row.pop("forward_difference")
    assert isinstance(difference, float)
    assert difference <= 1e-5
    assert row == {
        "name": SMALL,
        "params": 2542856,
        "macs": 56510400,
        "expect": "agrees",
        "fvcore": "agrees",
        "peer": "torchvision:mobilenet_v3_small",
        "peer_count": "agrees",
        "peer_params": 2542856,
        "peer_macs": 56510400,
        "forward": "agrees",
        "verdict": "agrees",
    }
    assert verification.problems == ()
    assert verification.report.notes[0].startswith("1 of 1 agree")


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("params: 2542857, macs: 56510400", "changed: expect: 2,542,857 params, 2,542,856 in closed form"),
        ("params: 2542856, macs: 56510401", "changed: expect: 56,510,401 MACs, 56,510,400 in closed form"),
    ],
)
def test_an_expectation_off_by_one_is_told(tmp_path: Path, expect: str, problem: str) -> None:
    verification = run(changed(tmp_path, f"expect: {{{expect}, source: nobody}}"))
    assert verification.problems == (problem,)
    row = only_row(verification)
    assert (row["expect"], row["fvcore"], row["peer"], row["verdict"]) == ("differs", "agrees", "none", "differs")


def test_a_wrong_kernel_is_told_by_its_op(tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="nothing to compare with")
    verification = run(changed(tmp_path, EXPECT, "stem: {kernel_size: 5}"), numerics=True)
    assert verification.problems[-1] == (
        "changed: peer count: stem.conv has weights 16x3x5x5, 15,052,800 MAC, "
        "there features.0.0 has weights 16x3x3x3, 5,419,008 MAC"
    )
    assert only_row(verification)["forward"] == "not run"


def test_a_wrong_function_is_told_by_its_op(tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="nothing to compare with")
    verification = run(changed(tmp_path, EXPECT, "se: {gate: sigmoid}"), numerics=True)
    (problem,) = verification.problems
    assert problem.startswith("changed: forward: the output differs from torchvision:mobilenet_v3_small's by ")
    assert problem.endswith(", first at stages.0.0.se.gate (sigmoid here, hardsigmoid there)")
    row = only_row(verification)
    assert (row["peer_count"], row["forward"], row["verdict"]) == ("agrees", "differs", "differs")


def test_an_image_that_the_peer_cannot_take_is_told(tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="nothing to compare with")
    verification = run(changed(tmp_path, EXPECT, "input: {channels: 4}"))
    assert "changed: peer count: the peer cannot take an image 4x224x224" in verification.problems[-1]


def test_a_peer_that_is_not_installed_is_neither_right_nor_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    verification = run(open_network(SMALL), numerics=True)
    row = only_row(verification)
    assert (row["peer_count"], row["verdict"]) == ("not installed", "agrees")
    assert "peer_macs" not in row
    assert "forward" not in row
    assert verification.problems == ()
    assert verification.report.notes[-1].startswith("warning: 1 not compared with their peer")


def test_without_peer_its_columns_are_left_out() -> None:
    verification = run(open_network(SMALL), peer=False, numerics=True)
    keys = [column.key for column in verification.report.sections["networks"].columns]
    assert keys == ["name", "params", "macs", "expect", "fvcore", "peer", "seconds", "verdict"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"disagreements": (Disagreement("stem.conv", 3, 4),)}, "stem.conv: 3 MAC in closed form, 4 by fvcore"),
        ({"unknown": (("aten::erf", 2),)}, "aten::erf: met 2 times, and in no table of what counts"),
        ({"expected_params": 5}, "params: 5 in closed form, 7 in the module"),
    ],
)
def test_the_first_thing_that_an_audit_finds_is_told(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], problem: str
) -> None:
    clean = Audit(ops=1, macs=4, params=7, expected_params=7, disagreements=(), unknown=())
    found = replace(clean, **change)  # type: ignore[arg-type]  # of the field's type, by the table above
    monkeypatch.setattr("mbconv_cli.pytorch.audit.audit_plan", lambda _plan, _costs: found)
    verification = run(open_network(SMALL), peer=False)
    assert verification.problems == (f"{SMALL}: fvcore: {problem}",)


def test_progress_counts_networks() -> None:
    told: list[int] = []
    small = open_network(SMALL, resolution=32)
    verify([small, small], Checks(peer=False, numerics=False), told.append)
    assert told == [1, 2]


def test_an_interruption_keeps_what_was_verified() -> None:
    networks = [open_network(name) for name in ("mobilenet-v3-small", "mobilenet-v2", "mobilenet-v1")]

    def interrupt(done: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    verification = verify(networks, Checks(peer=False, numerics=False), interrupt)
    assert [row["name"] for row in verification.report.sections["networks"].rows] == ["mobilenet-v3-small"]
    assert verification.interrupted
    assert verification.report.notes[0] == "warning: interrupted; 2 networks not verified"


def test_a_peer_that_there_is_not_is_a_row_of_its_own() -> None:
    pytest.importorskip("timm", reason="nothing to compare with")
    loaded = load_text("extends: mobilenet-v1\nexpect: {peer: 'timm:mobilenetv9'}\n", "net.yaml")
    network = OpenNetwork(loaded.spec, plan_loaded(loaded))
    verification = verify([network, network], Checks(numerics=False), lambda _: None)
    assert len(verification.report.sections["networks"].rows) == 2
    assert "timm has no network 'mobilenetv9'" in verification.problems[0]


def test_a_tagged_entry_point_of_timm_is_a_peer() -> None:
    pytest.importorskip("timm", reason="nothing to compare with")
    text = "extends: mobilenet-v1\nexpect: {peer: 'timm:mobilenetv1_100.ra4_e3600_r224_in1k'}\n"
    loaded = load_text(text, "net.yaml")
    verification = verify([OpenNetwork(loaded.spec, plan_loaded(loaded))], Checks(numerics=False), lambda _: None)
    assert verification.problems == ()

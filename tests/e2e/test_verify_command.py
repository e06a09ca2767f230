"""`mbconv verify`, run as users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Run

SMALL = "mobilenet-v3-small"
EXPECT = 'expect: {params: 2542856, macs: 56510400, source: "torchvision", peer: "torchvision:mobilenet_v3_small"}'


def written(folder: Path, text: str, expect: str = EXPECT) -> str:
    file = folder / "mine.yaml"
    file.write_text(f"extends: {SMALL}\n{text}\n{expect}\n", encoding="utf-8")
    return str(file)


def test_right_networks_are_reported_and_end_with_0(mbconv: Run) -> None:
    done = mbconv("verify", SMALL, "bottleneck-v3-se-last", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["kind"] == "verify"
    assert report["provenance"]["settings"]["tolerance"] == 1e-4
    rows = report["sections"]["networks"]["rows"]
    assert [(row["name"], row["verdict"]) for row in rows] == [(SMALL, "agrees"), ("bottleneck-v3-se-last", "agrees")]


def test_an_expectation_off_by_one_ends_with_1_and_names_it_after_the_table(
    mbconv_in_process: Run, tmp_path: Path
) -> None:
    file = written(tmp_path, "", EXPECT.replace("56510400", "56510401"))
    done = mbconv_in_process("verify", file, "--no-numerics")
    assert done.returncode == 1
    assert "differs" in done.stdout
    assert done.stderr == "mbconv: mine: expect: 56,510,401 MACs, 56,510,400 in closed form\n"


def test_a_wrong_kernel_ends_with_1_and_names_the_first_op(mbconv_in_process: Run, tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="nothing to compare with")
    done = mbconv_in_process("verify", written(tmp_path, "stem: {kernel_size: 5}"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("mbconv: mine: peer count: stem.conv has weights 16x3x5x5, ")


def test_without_peer_a_wrong_kernel_shows_in_the_totals_only(mbconv_in_process: Run, tmp_path: Path) -> None:
    done = mbconv_in_process("verify", written(tmp_path, "stem: {kernel_size: 5}"), "--no-peer")
    assert done.returncode == 1
    assert [line.split(":")[2] for line in done.stderr.splitlines()] == [" expect", " expect"]


def test_conventions_are_explained_to_the_last_unit(mbconv_in_process: Run) -> None:
    done = mbconv_in_process("verify", SMALL, "--conventions", "--format", "csv", "--section", "differences")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["tool,item,count,unit", "fvcore,the MACs of this project,56510400,MAC"]
    left_over = [line for line in lines if ",unexplained," in line]
    assert left_over
    assert all(line.endswith((",unexplained,0,MAC", ",unexplained,0,FLOP")) for line in left_over)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--conventions",), "--conventions explains one network; say which"),
        ((SMALL, "mnasnet-b1", "--conventions"), "--conventions explains one network; say which"),
        ((SMALL, "--conventions", "--no-numerics"), "--no-numerics: --conventions compares no outputs anyway"),
        (("mobilenet-v9",), "no network is called 'mobilenet-v9'; did you mean "),
    ],
)
def test_wrong_usage_ends_with_2(mbconv_in_process: Run, arguments: tuple[str, ...], message: str) -> None:
    done = mbconv_in_process("verify", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mbconv: {message}")


@pytest.mark.parametrize("peer", ["keras:MobileNet", "timm:", "torchvision:mobile net"])
def test_a_peer_of_no_known_form_is_refused_where_it_stands(mbconv_in_process: Run, tmp_path: Path, peer: str) -> None:
    done = mbconv_in_process("verify", written(tmp_path, "", EXPECT.replace("torchvision:mobilenet_v3_small", peer)))
    assert done.returncode == 2
    assert "mine.yaml:3:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_peer_that_the_library_does_not_have_differs_and_is_named(mbconv_in_process: Run, tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="it tells the names")
    done = mbconv_in_process("verify", written(tmp_path, "", EXPECT.replace("mobilenet_v3_small", "mobilenet_v3_smal")))
    assert done.returncode == 1
    assert "differs" in done.stdout
    assert "torchvision has no network 'mobilenet_v3_smal'; did you mean 'mobilenet_v3_small'" in done.stderr

"""`mbconv import`: a module of somebody's own becomes a table, or the answer is no."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.without_torch import run

OWN = f"{Path(__file__).parent / 'inverted_residuals.py'}:Net"
SMALL = ["--input", "1x3x64x64"]


def test_a_module_of_ones_own_becomes_a_table_that_other_commands_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(["import", OWN, *SMALL, "--name", "mine", "-o", "mine.yaml"])
    assert (done["code"], done["out"]) == (0, "")
    assert "all 152 ops equal to those of" in str(done["err"])
    lines = (tmp_path / "mine.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "name: mine"
    assert (
        "  - {kernel_size: 3, expand_ratio: 6, se_ratio: 0.125, output_filters: 32, num_repeat: 4, stride: 2}" in lines
    )
    assert run(["validate", "mine.yaml"])["code"] == 0


def test_a_block_that_is_not_like_the_others_is_remarked_on() -> None:
    odd = run(["import", OWN, *SMALL, "--arg", "skip_all=False"])
    assert odd["code"] == 0
    said = "blocks.5 is not like the blocks before and behind it: shortcut none; theirs: shortcut identity"
    assert said in str(odd["err"])


def test_what_no_table_can_say_is_named_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(["import", "torchvision:squeezenet1_1", "-o", "d.yaml"])
    assert (done["code"], done["out"]) == (1, "")
    assert "torchvision:squeezenet1_1 is no table: no block type has features.3.cat: concat" in str(done["err"])
    assert "recognised before it: 5 of" in str(done["err"])
    assert not list(tmp_path.iterdir())


def test_a_module_as_a_variant_of_a_shipped_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(["import", "timm:lcnet_075", "--base", "lcnet-1.0", "-o", "small.yaml"])
    assert done["code"] == 0
    lines = (tmp_path / "small.yaml").read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[2]) == ("extends: lcnet-1.0", "scaling: {width: 0.75}")
    assert run(["validate", "small.yaml"])["code"] == 0


def test_bad_references_are_refused() -> None:
    assert run(["import", "timm:nothing_of_this_name"])["code"] == 2
    assert run(["import", "efficientnet-b0", "--arg", "a=1"])["code"] == 2

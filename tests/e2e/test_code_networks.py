"""Networks that are code, asked by the commands: what is shown, compared and checked, and every way to refuse."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.e2e.without_torch import run

NETS = """
import torch
from torch import nn

print("noise")

class Tiny(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, 2, 1)
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).mean((2, 3)))

class Conditional(nn.Module):
    def forward(self, x):
        return x + 1 if x.sum() > 0 else x

def three():
    return 3

constant = 3
"""
YAML = """
input: {channels: 3, resolution: 32}
stem: {output_filters: 8, stride: 2}
blocks: [{kernel_size: 3, expand_ratio: 2, output_filters: 8}]
"""
CONFIG = """
networks: [a.yaml, b.yaml, nets.py:Tiny]
inputs: {nets.py:Tiny: [1x3x32x32]}
metrics: {params: {max: 5000}}
"""
TINY = ["nets.py:Tiny", "--input", "1x3x32x32"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in {"nets.py": NETS, "a.yaml": YAML, "b.yaml": YAML, "check.yaml": CONFIG}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    yield tmp_path
    sys.modules.pop("nets", None)
    sys.modules.pop("broken", None)


def ok(*arguments: str) -> str:
    done = run(list(arguments))
    assert done["code"] == 0, done["err"]
    return str(done["out"])


@pytest.mark.usefixtures("folder")
def test_a_callable_of_a_file_is_profiled_with_its_arguments() -> None:
    out = ok("profile", *TINY, "--arg", "width=16", "--no-latency", "--by", "layer", "--format", "csv")
    rows = [line.split(",")[0] for line in out.splitlines()]
    assert rows == ["name", "conv", "relu", "mean", "head"]
    assert "noise" not in out
    views = ok("profile", *TINY, "--arg", "width=16", "--no-latency", "--views", "--format", "csv")
    assert [line.split(",")[0] for line in views.splitlines()] == rows  # it has none
    assert "618 params" in ok("show", *TINY, "--arg", "width=16")


@pytest.mark.usefixtures("folder")
def test_an_archive_is_profiled(folder: Path) -> None:
    layers = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU())
    torch.export.save(torch.export.export(layers, (torch.zeros(2, 4),)), folder / "layers.pt2")
    assert "25 params, 40 MACs" in ok("profile", "layers.pt2", "--no-latency")


@pytest.mark.usefixtures("folder")
def test_peers_and_networks_in_yaml_are_compared_by_what_they_compute() -> None:
    out = ok("diff", "torchvision:mobilenet_v3_small", "mobilenet-v3-small", "--exit-code")
    assert "identical plan: both compute the same, op by op" in out
    assert run(["diff", *TINY[:1], "a.yaml", *TINY[1:], "--exit-code"])["code"] == 1


@pytest.mark.usefixtures("folder")
def test_a_config_that_names_code_is_checked_only_where_code_is_allowed() -> None:
    refused = run(["check", "--config", "check.yaml"])
    assert refused["code"] == 2
    assert "check.yaml:2:28" in str(refused["out"]) + str(refused["err"])
    assert "nets.py:Tiny is code, which runs with --allow-code alone" in str(refused["out"]) + str(refused["err"])
    assert "nets" not in sys.modules
    allowed = ok("check", "--config", "check.yaml", "--allow-code")
    assert "nets.py:Tiny" in allowed
    ok("baseline", "write", "--config", "check.yaml", "--allow-code")
    assert "3 passed" in ok("check", "--config", "check.yaml", "--allow-code", "--baseline", "mbconv-baseline.json")


@pytest.mark.usefixtures("folder")
def test_code_is_set_against_networks_in_yaml(folder: Path) -> None:
    (folder / "mine.csv").write_text("name,top1\nnets.py:Tiny,60\na,50\n", encoding="utf-8")
    out = ok("frontier", *TINY, "a.yaml", "--x", "macs", "--accuracy", "mine.csv", "--format", "csv")
    rows = {line.split(",")[0]: line for line in out.splitlines()[1:]}
    assert rows.keys() == {"nets.py:Tiny", "a"}


REFUSED: dict[str, tuple[list[str], str]] = {
    "control flow": (
        ["profile", "nets.py:Conditional", "--input", "2", "--no-latency"],
        "nets.py:Conditional cannot be captured (at ",
    ),
    "its line": (["profile", "nets.py:Conditional", "--input", "2", "--no-latency"], "nets.py:18): GuardOnDataDep"),
    "no module": (["show", "nets.py:three", "--input", "2"], "gives an int, where an nn.Module is needed"),
    "no callable": (["show", "nets.py:constant", "--input", "2"], "is an int, which cannot be called"),
    "no such name": (["show", "nets.py:Tinny", "--input", "2"], "did you mean 'Tiny'"),
    "no file": (["show", "none.py:Tiny", "--input", "2"], "none.py: no such file"),
    "no package": (["show", "none.at.all:make", "--input", "2"], "no module 'none.at.all' is installed"),
    "no archive": (["show", "none.pt2"], "none.pt2: no such file"),
    "an import that fails": (["show", "broken.py:Tiny", "--input", "2"], "broken.py:1): ModuleNotFoundError"),
    "wrong argument": (["show", *TINY, "--arg", "depth=2"], "unexpected keyword argument 'depth'"),
    "an argument without a value": (["show", *TINY, "--arg", "depth"], "--arg 'depth' should be NAME=VALUE"),
    "no input": (["show", "nets.py:Tiny"], "give the shape of its input, e.g. --input 1x3x224x224"),
    "wrong input": (["show", "nets.py:Tiny", "--input", "1x4x8x8"], "nets.py:Tiny cannot be captured"),
    "no shape": (["show", "nets.py:Tiny", "--input", "1,3"], "--input '1,3' should be a shape with the batch"),
    "a resolution": (["show", "nets.py:Tiny", "--resolution", "64"], "nets.py:Tiny takes --input"),
    "an override": (["show", *TINY, "--set", "stem=1"], "--set changes what a YAML file says"),
    "a batch twice": (["profile", *TINY, "--no-latency", "--batch-size", "8"], "--input holds the batch"),
    "an input of a YAML file": (["show", "a.yaml", "--input", "1x2"], "--arg and --input are for code"),
    "an input of a frontier of YAML files": (
        ["frontier", "a.yaml", "--x", "macs", "--input", "1x2"],
        "--arg and --input are for code such as nets.py:make, and no network here is code",
    ),
    "no network of a library": (["show", "torchvision:mobilenet_v22"], "did you mean 'mobilenet_v2'"),
    "training of an archive": (["profile", "none.pt2", "--pass", "train"], "none.pt2 holds the calls of one mode"),
    "views of a YAML file": (["profile", "a.yaml", "--views", "--no-latency"], "--views is for code such as"),
    "views in no row": (["profile", *TINY, "--views", "--by", "stage"], "--views changes nothing with --by stage"),
    "views of an export": (
        ["profile", *TINY, "--views", "--backend", "onnxruntime"],
        "--views changes nothing with --backend onnxruntime",
    ),
    "views of a fused pass": (
        ["profile", *TINY, "--views", "--no-latency", "--mode", "compile"],
        "--mode changes nothing with --no-latency",
    ),
    "views without rows": (
        ["profile", *TINY, "--views", "--format", "bmf"],
        "--views changes nothing in --format bmf",
    ),
    "views of several": (["profile", "a.yaml", "nets.py:Tiny", "--views"], "--views changes nothing with several"),
    "predicted views": (["profile", *TINY, "--views", "--predict", "x.json"], "--views changes nothing with --predict"),
    "validate": (["validate", "nets.py:Tiny"], "is code, and this command runs none"),
    "ablate": (["ablate", "nets.py:Tiny"], "is code, and this command runs none"),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("case", REFUSED)
def test_is_refused_in_one_sentence(case: str) -> None:
    arguments, sentence = REFUSED[case]
    done: dict[str, Any] = run(arguments)
    assert (done["code"], done["out"]) == (2, "")
    assert sentence in done["err"]
    messages = [line for line in done["err"].splitlines() if line != "noise"]
    assert len(messages) == 1
    assert "fault of mbconv" not in messages[0]

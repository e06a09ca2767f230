"""Exports: read back and compared before anything is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cli import main
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.pytorch.exports.exported_file import TOLERANCES, Target, export_file

PLAN = open_network("bottleneck-v3-se-last", resolution=32).plan  # small, with a gate and a projected shortcut
WEIGHT_BYTES = 4 * total(plan_costs(PLAN)).params


@pytest.mark.parametrize("target", [Target.ONNX, Target.PT2, Target.TORCHSCRIPT])
def test_every_format_is_read_back_and_computes_the_same(target: Target) -> None:
    exported = export_file(PLAN, target, batch_size=2)
    assert exported.difference <= TOLERANCES[target]
    assert len(exported.content) > WEIGHT_BYTES


def test_an_export_that_computes_something_else_is_refused() -> None:
    broken = "from torch import nn\nclass Network(nn.Module):\n    def forward(self, x):\n        return x.mean()\n"
    with pytest.raises((CheckFailedError, ValueError)):
        export_file(PLAN, Target.PYTHON, source=broken)


def test_the_command_writes_the_file_and_prints_what_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.py"
    monkeypatch.setattr(sys, "argv", ["mbconv", "export", "mobilenet-v3-small", "--resolution", "64", "-o", str(path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert "checked: read back and run" in capsys.readouterr().out
    assert "class Network(nn.Module):" in path.read_text(encoding="utf-8")


def test_a_file_without_a_known_suffix_needs_a_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mbconv", "export", "mobilenet-v3-small", "-o", str(tmp_path / "net")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "add --to, or one of .onnx" in capsys.readouterr().err

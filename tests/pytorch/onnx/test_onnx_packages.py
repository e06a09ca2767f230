"""What `--backend onnxruntime` refuses before anything is loaded."""

from __future__ import annotations

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.pytorch.onnx import onnx_packages as packages
from mbconv_cli.pytorch.onnx.onnx_packages import require_onnxruntime


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(InputError) as refusal:
        require_onnxruntime(DeviceChoice("cpu"))
    assert refusal.value.sentences == (
        "--backend onnxruntime needs onnxscript, not installed here: pip install 'mbconv-cli[onnx]'",
    )


def test_another_device_is_refused_with_the_providers_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: object())
    monkeypatch.setattr(packages, "_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(InputError, match=r"--device cuda with --backend onnxruntime: .* here: CPUExecutionProvider"):
        require_onnxruntime(DeviceChoice("cuda"))


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_the_cpu_is_accepted(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: object())
    require_onnxruntime(DeviceChoice(device))

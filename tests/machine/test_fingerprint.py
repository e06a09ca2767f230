"""The fingerprint that reports carry."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
import torch

from mbconv_cli.machine.fingerprint import host_fingerprint, load_average
from mbconv_cli.machine.threads import ThreadChoice
from mbconv_cli.pytorch.devices import torch_fingerprint


def test_the_host_without_torch() -> None:
    host = host_fingerprint()
    assert host["python"] == platform.python_version()
    assert host["cores"] == os.cpu_count()
    assert isinstance(host["usable_cores"], int)
    assert host["usable_cores"] >= 1
    assert host["cpu"]


def test_what_torch_adds() -> None:
    fingerprint = torch_fingerprint("cpu", ThreadChoice(3, "as requested"))
    assert fingerprint["torch"] == torch.__version__
    assert fingerprint["threads"] == 3
    assert fingerprint["device"] == "cpu"
    assert fingerprint["device_name"] == host_fingerprint()["cpu"]
    assert fingerprint["instruction_set"]


def test_an_accelerators_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "a GPU")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    fingerprint = torch_fingerprint("cuda:1", ThreadChoice(1, ""))
    assert (fingerprint["device"], fingerprint["device_name"]) == ("cuda:1", "a GPU")
    assert fingerprint["tf32"] == "convolutions", "torch's own choice"


@pytest.mark.parametrize("absent", [AttributeError, OSError])
def test_a_system_without_load_average(absent: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def getloadavg() -> tuple[float, float, float]:
        raise absent

    monkeypatch.setattr(os, "getloadavg", getloadavg, raising=False)
    assert load_average() is None


def test_the_load_of_the_last_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 2.0, 3.0), raising=False)
    assert load_average() == 1.5


def test_a_system_without_affinity_can_use_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert host_fingerprint()["usable_cores"] == os.cpu_count()


def test_a_cpu_that_the_system_does_not_describe(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_text(_: Path, **_options: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert host_fingerprint()["cpu"] == "riscv64"

"""Which device is meant, and what is said where it is not there."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
import torch

from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice, parse_device
from mbconv_cli.pytorch.devices import available_devices, device_name, resolve_device

Machine = Callable[[str | None, int], None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Makes this a machine with so many accelerators of a type."""

    def make(kind: str | None, count: int) -> None:
        accelerator = torch.device(kind) if kind else None
        monkeypatch.setattr(torch.accelerator, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: accelerator)

    return make


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("auto", DeviceChoice("auto")),
        ("cpu", DeviceChoice("cpu")),
        ("cpu:0", DeviceChoice("cpu", 0)),
        ("cuda", DeviceChoice("cuda")),
        ("cuda:12", DeviceChoice("cuda", 12)),
        ("mps", DeviceChoice("mps")),
        ("xpu:1", DeviceChoice("xpu", 1)),
    ],
)
def test_names_of_devices(text: str, choice: DeviceChoice) -> None:
    assert parse_device(text) == choice


def test_looking_at_a_name_does_not_load_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # an import would fail
    assert parse_device("cuda:1") == DeviceChoice("cuda", 1)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("cdua", "; did you mean 'cuda'?"),
        ("gpu", "; did you mean 'xpu' or 'cpu'?"),
        ("CUDA", "; did you mean 'cuda'?"),
        ("", "; valid are auto, cpu, cuda, mps, xpu, with :N for the N-th of a kind"),
        ("cuda:", "; did you mean 'cuda'?"),
        ("cuda:-1", "; did you mean 'cuda'?"),
        ("cuda:one", "; did you mean 'cuda'?"),
        ("cuda:٣", "; did you mean 'cuda'?"),
        ("cuda:1\n", "; did you mean 'cuda'?"),
        ("auto:0", "; did you mean 'auto'?"),
        ("cuda:99999", "; valid are auto, cpu, cuda, mps, xpu, with :N for the N-th of a kind"),
    ],
)
def test_what_is_no_name_of_a_device(text: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_device(text)
    assert str(caught.value) == f"--device {text!r} is not a device{hint}"


def test_devices_of_a_machine(machine: Machine) -> None:
    machine(None, 0)
    assert available_devices() == ("cpu",)
    machine("cuda", 2)
    assert available_devices() == ("cuda:0", "cuda:1", "cpu")


def test_auto_is_the_first_accelerator_or_else_the_cpu(machine: Machine) -> None:
    machine("cuda", 2)
    assert resolve_device(DeviceChoice("auto")) == torch.device("cuda:0")
    machine(None, 0)
    assert resolve_device(DeviceChoice("auto")) == torch.device("cpu")


def test_a_type_alone_is_its_first_device(machine: Machine) -> None:
    machine("xpu", 2)
    assert resolve_device(DeviceChoice("xpu")) == torch.device("xpu:0")
    assert resolve_device(DeviceChoice("xpu", 1)) == torch.device("xpu:1")


@pytest.mark.parametrize("index", [None, 0])
def test_the_cpu_is_always_there(index: int | None, machine: Machine) -> None:
    machine("cuda", 1)
    assert resolve_device(DeviceChoice("cpu", index)) == torch.device("cpu")


def absence(choice: DeviceChoice) -> str:
    with pytest.raises(InputError) as caught:
        resolve_device(choice)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_an_index_beyond_those_there(machine: Machine) -> None:
    machine("cuda", 2)
    assert absence(DeviceChoice("cuda", 7)) == (
        "device 'cuda:7' is not there: there is only cuda:0, cuda:1; available: cuda:0, cuda:1, cpu"
    )


def test_a_second_cpu(machine: Machine) -> None:
    machine(None, 0)
    assert absence(DeviceChoice("cpu", 1)) == "device 'cpu:1' is not there: there is only cpu; available: cpu"


def test_cuda_where_torch_was_built_without_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(None, 0)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    assert absence(DeviceChoice("cuda")) == (
        f"device 'cuda' is not there: this torch {torch.__version__} is built without CUDA; available: cpu"
    )


@pytest.mark.parametrize(("cuda", "hip"), [("13.2", None), (None, "6.4")])
def test_cuda_where_there_is_no_gpu(
    cuda: str | None, hip: str | None, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(None, 0)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.version, "hip", hip)
    assert absence(DeviceChoice("cuda", 1)) == (
        f"device 'cuda:1' is not there: torch {torch.__version__} finds no NVIDIA or AMD GPU, or no driver for one; "
        "available: cpu"
    )


@pytest.mark.parametrize(
    ("built", "why"), [(False, "is built without MPS (Apple's GPUs)"), (True, "finds no mps device")]
)
def test_mps_where_it_is_not(built: bool, why: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(None, 0)
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: built)
    message = absence(DeviceChoice("mps"))
    assert message.startswith("device 'mps' is not there: ")
    assert message.endswith(f"torch {torch.__version__} {why}; available: cpu")


def test_xpu_where_it_is_not(machine: Machine) -> None:
    machine(None, 0)
    assert absence(DeviceChoice("xpu")) == (
        f"device 'xpu' is not there: torch {torch.__version__} finds no xpu device; available: cpu"
    )


def test_a_devices_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"a GPU at {device}")
    assert device_name(torch.device("cuda:1")) == "a GPU at cuda:1"
    assert device_name(torch.device("cpu")) is None
    assert device_name(torch.device("mps:0")) == "mps"


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_real_cuda_device() -> None:
    device = resolve_device(parse_device("cuda"))
    assert resolve_device(parse_device("auto")) == device == torch.device("cuda:0")
    assert device_name(device) == torch.cuda.get_device_name(0)
    assert "there is only cuda:0" in absence(DeviceChoice("cuda", 4_321))

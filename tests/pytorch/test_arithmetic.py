"""Agreement is judged by the arithmetic in use: TF32 only where a device has it and torch may use it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from mbconv_cli.measure.execution import Dtype
from mbconv_cli.pytorch.arithmetic import float32_arithmetic, mode_tolerance, tf32_in_use

CUDA = torch.device("cuda", 0)


def pretend(monkeypatch: pytest.MonkeyPatch, capability: int, convolutions: bool, products: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (capability, 0))
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", convolutions)
    # The setting itself cannot be put back by monkeypatch: torch computes it on access.
    monkeypatch.setattr(torch.backends.cuda, "matmul", SimpleNamespace(allow_tf32=products))


@pytest.mark.parametrize(
    ("capability", "convolutions", "products", "expected"),
    [(9, True, False, 1e-2), (8, False, True, 1e-2), (9, False, False, 1e-3), (7, True, True, 1e-3)],
)
def test_float32_is_judged_as_tf32_where_that_is_in_use(
    monkeypatch: pytest.MonkeyPatch, capability: int, convolutions: bool, products: bool, expected: float
) -> None:
    pretend(monkeypatch, capability, convolutions, products)
    assert mode_tolerance(Dtype.FLOAT32, CUDA) == expected


def test_other_dtypes_and_devices_know_no_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, capability=9, convolutions=True, products=True)
    assert mode_tolerance(Dtype.FLOAT16, CUDA) == 2e-2
    assert mode_tolerance(Dtype.FLOAT32, torch.device("cpu")) == 1e-3


def test_amd_has_no_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, capability=9, convolutions=True)
    monkeypatch.setattr(torch.version, "hip", "6.2")
    assert mode_tolerance(Dtype.FLOAT32, CUDA) == 1e-3


@pytest.mark.parametrize(
    ("tf32", "inside"), [(True, "convolutions and products"), (False, "nothing"), (None, "convolutions")]
)
def test_convolutions_and_products_are_set_alike_and_set_back(
    tf32: bool | None, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    with float32_arithmetic(tf32):
        assert tf32_in_use(torch.device("cuda:0")) == inside
    assert tf32_in_use(torch.device("cuda:0")) == "convolutions"
    assert tf32_in_use(torch.device("cpu")) is None

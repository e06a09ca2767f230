"""The same network in another library."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from mbconv_cli.errors import InputError
from mbconv_cli.pytorch.peers.peer_modules import (
    PeerAbsentError,
    PeerRefusesError,
    load_library,
    make_peer,
    record_on_meta,
)

META = torch.device("meta")


@pytest.mark.parametrize("peer", ["torchvision:mobilenet_v3_small", "timm:mobilenetv2_035"])
def test_a_peer_is_made_in_eval_mode_on_the_device(peer: str) -> None:
    pytest.importorskip(peer.partition(":")[0], reason="nothing to make")
    module = make_peer(peer, META)
    assert not module.training
    assert all(parameter.is_meta for parameter in module.parameters())


def test_a_wrong_name_is_told_with_the_nearest_right_one() -> None:
    pytest.importorskip("torchvision", reason="it tells the names")
    with pytest.raises(InputError, match="torchvision has no network 'mobilenet_v5'; did you mean 'mobilenet_v"):
        make_peer("torchvision:mobilenet_v5", META)


def test_a_library_that_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(PeerAbsentError, match=r"^not installed$"):
        make_peer("timm:mobilenetv2_035", META)


def test_a_library_that_does_not_load_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise RuntimeError(f"operator {name}::nms does not exist")

    monkeypatch.setattr("mbconv_cli.pytorch.peers.peer_modules.import_module", broken)
    with pytest.raises(PeerAbsentError, match=r"^does not load: operator torchvision::nms does not exist$"):
        load_library("torchvision")


def test_a_module_that_cannot_take_the_image_is_told() -> None:
    with pytest.raises(PeerRefusesError, match=r"^the peer cannot take an image 4x8x8: "):
        record_on_meta(lambda device: nn.Conv2d(3, 8, 1, device=device), (4, 8, 8))

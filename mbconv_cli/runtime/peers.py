"""The same network in another library, where that library is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

import torch
from torch import nn

from mbconv_cli.errors import InputError, did_you_mean


class PeerAbsentError(Exception):
    """The library is not there, or does not load; the message says which."""


def peer_library(peer: str) -> str:
    """`torchvision` of `torchvision:efficientnet_b0`."""
    return peer.partition(":")[0]


def make_peer(peer: str, device: torch.device) -> nn.Module:
    """Another library's module, in eval mode, with random weights; nothing is downloaded.

    Args:
        peer: `torchvision:NAME` or `timm:NAME`.
        device: where its weights are made.

    Raises:
        PeerAbsentError: the library cannot be imported.
        InputError: the library has no network of this name.
    """
    library, _, name = peer.partition(":")
    module = load_library(library)
    with device:
        return MAKERS[library](module, name).eval()


def load_library(name: str) -> Any:
    """An optional package, imported.

    Raises:
        PeerAbsentError: it cannot be.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        what = "not installed" if error.name == name else f"does not load: {error}"
        raise PeerAbsentError(what) from error
    except (ImportError, RuntimeError, OSError) as error:  # built for another torch
        raise PeerAbsentError(f"does not load: {error}") from error


def library_version(name: str) -> str:
    """The installed version of a package that was loaded."""
    return version(name)


def _torchvision(torchvision: Any, name: str) -> nn.Module:
    _demand_known(name, torchvision.models.list_models(), "torchvision")
    module: nn.Module = torchvision.models.get_model(name, weights=None)
    return module


def _timm(timm: Any, name: str) -> nn.Module:
    _demand_known(name, timm.list_models(), "timm")
    module: nn.Module = timm.create_model(name, pretrained=False)
    return module


MAKERS: Final[dict[str, Callable[[Any, str], nn.Module]]] = {"torchvision": _torchvision, "timm": _timm}


def _demand_known(name: str, known: list[str], library: str) -> None:
    if name not in known:
        raise InputError(f"peer: {library} has no network {name!r}{did_you_mean(name, known)}")

"""The same network in another library, where that library is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

import torch
from torch import nn

from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.plan.ops import Shape
from mbconv_cli.pytorch.peers.calls import Call, record_calls


class PeerAbsentError(Exception):
    """The library is not there, or does not load; the message says which."""


class PeerRefusesError(InputError):
    """A peer cannot take an image as the Plan's network does."""


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


def record_on_meta(make: Callable[[torch.device], nn.Module], input_shape: Shape) -> tuple[nn.Module, list[Call]]:
    """Make a module on the meta device, and tell what it calls for an image: shapes only, nothing is computed.

    Args:
        make: makes the module on a device.
        input_shape: `(C, H, W)`.

    Raises:
        PeerRefusesError: it cannot take such an image.
    """
    meta = torch.device("meta")
    module = make(meta)
    try:
        _, calls = record_calls(module, torch.zeros(1, *input_shape, device=meta))
    except RuntimeError as error:
        what = str(error).strip().partition("\n")[0]
        raise PeerRefusesError(f"the peer cannot take an image {'x'.join(map(str, input_shape))}: {what}") from error
    return module, calls


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
    _require_known(name, torchvision.models.list_models(), "torchvision")
    module: nn.Module = torchvision.models.get_model(name, weights=None)
    return module


def _timm(timm: Any, name: str) -> nn.Module:
    if not timm.is_model(name):  # which knows the tags of weights and renamed entry points, too
        _require_known(name, timm.list_models(), "timm")
    module: nn.Module = timm.create_model(name, pretrained=False)
    return module


MAKERS: Final[dict[str, Callable[[Any, str], nn.Module]]] = {"torchvision": _torchvision, "timm": _timm}


def _require_known(name: str, known: list[str], library: str) -> None:
    if name not in known:
        raise InputError(f"peer: {library} has no network {name!r}{did_you_mean(name, known)}")

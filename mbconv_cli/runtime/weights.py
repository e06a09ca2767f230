"""Another library's weights in a built network, so that two programs of one network can be compared.

Names differ from library to library, and so does the order in which modules are listed; the order in which they
run does not.
"""

from __future__ import annotations

from itertools import zip_longest

import torch
from torch import Tensor, nn

from mbconv_cli.errors import CheckFailedError
from mbconv_cli.runtime.network import Network


class WeightMismatchError(CheckFailedError):
    """Two networks do not run the same layers in the same order; names the first pair that differs."""


def copy_weights(source: nn.Module, network: Network, images: Tensor) -> None:
    """Copy weights, biases and running statistics, and nothing else, from layer to layer in order of execution.

    Both run once, to see the order. The source is left in eval mode.

    Args:
        source: a network of another library.
        network: ours, on the same device.
        images: what both can take, `[N, C, H, W]`.

    Raises:
        WeightMismatchError: the layers differ in number, or in the names and shapes of what they hold. Nothing is
            copied then.
    """
    theirs, ours = layers_in_order(source, images), layers_in_order(network, images)
    for index, (their_layer, our_layer) in enumerate(zip_longest(theirs, ours)):
        if _shapes(their_layer) != _shapes(our_layer):
            raise WeightMismatchError(
                f"layer {index} in order of execution: {_told(their_layer)} there, {_told(our_layer)} here"
            )
    with torch.no_grad():
        for (_, their_module), (_, our_module) in zip(theirs, ours, strict=True):
            for name, tensor in _own_tensors(our_module).items():
                tensor.copy_(_own_tensors(their_module)[name])


def layers_in_order(model: nn.Module, images: Tensor) -> list[tuple[str, nn.Module]]:
    """The modules that hold parameters or statistics of their own, with their paths, as often as and when they run.

    The model is left in eval mode.
    """
    called: list[tuple[str, nn.Module]] = []
    hooks = [
        module.register_forward_hook(lambda module, _inputs, _output, path=path: called.append((path, module)))
        for path, module in model.named_modules()
        if _own_tensors(module)
    ]
    try:
        with torch.no_grad():
            model.eval()(images)
    finally:
        for hook in hooks:
            hook.remove()
    return called


def _own_tensors(module: nn.Module) -> dict[str, Tensor]:
    return {**dict(module.named_parameters(recurse=False)), **dict(module.named_buffers(recurse=False))}


def _shapes(layer: tuple[str, nn.Module] | None) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in _own_tensors(layer[1]).items()} if layer else {}


def _told(layer: tuple[str, nn.Module] | None) -> str:
    if layer is None:
        return "no layer"
    return f"{layer[0]!r} with " + ", ".join(f"{name} {shape}" for name, shape in _shapes(layer).items())

"""Another library's weights in a built network, so that two programs of one network can be compared.

Names differ from library to library, and so does the order in which modules are listed; the order in which they
run does not. A convolution in groups may be so many convolutions there, one for each group, and a linear layer may
be a 1x1 convolution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TypeAlias

import torch
from torch import Tensor, nn

from mbconv_cli.errors import CheckFailedError
from mbconv_cli.pytorch.built_network import Network

Layer: TypeAlias = tuple[str, Mapping[str, Tensor]]
"""A layer's path, and the tensors it holds by their names."""


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
    modules = layers_in_order(network, images)
    ours: list[Layer] = [(path, _own_tensors(module)) for path, module in modules]
    theirs: list[Layer] = [(path, _own_tensors(module)) for path, module in layers_in_order(source, images)]
    theirs = _with_groups_joined(theirs, [module for _, module in modules])
    for index, (their_layer, our_layer) in enumerate(zip_longest(theirs, ours)):
        if _sizes(their_layer) != _sizes(our_layer):
            raise WeightMismatchError(
                f"layer {index} in order of execution: {_layer_text(their_layer)} there, {_layer_text(our_layer)} here"
            )
    with torch.no_grad():
        for (_, their_tensors), (_, our_tensors) in zip(theirs, ours, strict=True):
            for name, tensor in our_tensors.items():
                tensor.copy_(their_tensors[name].reshape(tensor.shape))


def convolutions_for(groups: int, ours: Sequence[int], theirs: Sequence[int]) -> int:
    """How many of their convolutions are one of ours: as many as ours has groups, if theirs has a group's weights.

    Args:
        groups: of our convolution.
        ours: the shape of its weights, `(out, in / groups, k_h, k_w)`.
        theirs: the shape of their convolution's weights.
    """
    one_group = (ours[0] // groups, *ours[1:])
    return groups if groups > 1 and tuple(theirs) == one_group else 1


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


def without_one_pixel(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a 1x1 convolution's weights as a linear layer has them; all others as they are."""
    return shape[:2] if shape[2:] == (1, 1) else shape


def _with_groups_joined(theirs: list[Layer], modules: list[nn.Module]) -> list[Layer]:
    """Their layers, with convolutions that are the groups of one of our modules put together."""
    joined: list[Layer] = []
    position = 0
    for module in modules:
        count = 1
        if isinstance(module, nn.Conv2d) and position < len(theirs) and "weight" in theirs[position][1]:
            count = convolutions_for(module.groups, module.weight.shape, theirs[position][1]["weight"].shape)
        joined += [_joined(theirs[position : position + count])] if count > 1 else theirs[position : position + 1]
        position += count
    return joined + theirs[position:]


def _joined(layers: list[Layer]) -> Layer:
    path, first = layers[0]
    alike = [tensors for _, tensors in layers if tensors.keys() == first.keys()]
    return path, {name: torch.cat([tensors[name] for tensors in alike]) for name in first}


def _own_tensors(module: nn.Module) -> dict[str, Tensor]:
    return {**dict(module.named_parameters(recurse=False)), **dict(module.named_buffers(recurse=False))}


def _shapes(layer: Layer | None) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in layer[1].items()} if layer else {}


def _sizes(layer: Layer | None) -> dict[str, tuple[int, ...]]:
    return {name: without_one_pixel(shape) for name, shape in _shapes(layer).items()}


def _layer_text(layer: Layer | None) -> str:
    if layer is None:
        return "no layer"
    return f"{layer[0]!r} with " + ", ".join(f"{name} {shape}" for name, shape in _shapes(layer).items())

"""Another library's weights in a built network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.pytorch.built_network import Network, build
from mbconv_cli.pytorch.weights import WeightMismatchError, copy_weights, layers_in_order

RESOLUTION = 32


def small_network() -> Network:
    return build(open_network("mobilenet-v3-small", resolution=RESOLUTION).plan, torch.device("cpu"))


def images() -> torch.Tensor:
    return torch.randn(2, 3, RESOLUTION, RESOLUTION, generator=torch.Generator().manual_seed(0))


def test_weights_and_statistics_are_copied_so_that_outputs_agree() -> None:
    source, network = small_network(), small_network()
    for module in source.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            module.running_mean.normal_()
    assert not torch.equal(source(images()), network(images()))
    copy_weights(source, network, images())
    assert torch.equal(source(images()), network(images()))


def test_nothing_is_shared_after_copying() -> None:
    source, network = small_network(), small_network()
    copy_weights(source, network, images())
    theirs = {parameter.data_ptr() for parameter in source.parameters()}
    assert not theirs & {parameter.data_ptr() for parameter in network.parameters()}


def test_layers_come_in_order_of_execution_not_of_registration() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Conv2d(4, 2, 1)
            self.first = nn.Conv2d(3, 4, 1)
            self.never = nn.Conv2d(1, 1, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.last(torch.relu(self.first(x)))
            return y

    assert [path for path, _ in layers_in_order(Backwards(), images())] == ["first", "last"]


def test_hooks_are_removed_even_if_the_pass_fails() -> None:
    source = nn.Sequential(nn.Conv2d(4, 4, 1))
    with pytest.raises(RuntimeError):
        layers_in_order(source, images())
    assert not source[0]._forward_hooks


def test_the_first_layer_that_differs_is_named_and_nothing_is_copied() -> None:
    network = small_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    source = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Conv2d(16, 8, 1))
    with pytest.raises(WeightMismatchError) as caught:
        copy_weights(source, network, images())
    assert caught.value.exit_code == 1
    assert str(caught.value) == (
        "layer 2 in order of execution: '2' with weight (8, 16, 1, 1), bias (8,) there, "
        "'stages.0.0.depthwise.conv' with weight (16, 1, 3, 3) here"
    )
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_network_that_ends_early_is_told_as_such() -> None:
    source = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16))
    with pytest.raises(WeightMismatchError, match=r"layer 2 .*: no layer there, 'stages.0.0.depthwise.conv' with"):
        copy_weights(source, small_network(), images())

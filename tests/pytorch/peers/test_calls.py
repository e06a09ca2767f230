"""What a module computes, told in the order of execution."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mbconv_cli.pytorch.peers.calls import SAMPLE_SIZE, record_calls


class Backwards(nn.Module):
    """Registered in another order than it runs, half of it as functions, with keywords and in place."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 2)
        self.norm = nn.BatchNorm2d(4)
        self.first = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.first(x)).relu_()
        return functional.linear(x.mean((2, 3)), weight=self.last.weight, bias=self.last.bias)


def test_calls_come_in_order_of_execution_with_weights_and_shapes() -> None:
    module = Backwards().eval()
    output, calls = record_calls(module, torch.randn(1, 3, 6, 6))
    told = [(call.short_name, call.path, call.output_shape, call.params, call.macs) for call in calls]
    assert [entry for entry in told if entry[0] != "dim"] == [
        ("conv2d", "first", (4, 4, 4), 3 * 4 * 9 + 4, 4 * 4 * 4 * 3 * 9),
        ("batch_norm", "norm", (4, 4, 4), 8, 0),
        ("relu", "", (4, 4, 4), 0, 0),
        ("mean", "", (4,), 0, 0),
        ("linear", "", (2,), 4 * 2 + 2, 4 * 2),
    ]
    assert calls[0].weights["weight"] is module.first.weight
    assert set(calls[1].weights) == {"running_mean", "running_var", "weight", "bias"}
    assert torch.equal(calls[-1].sample, output.flatten())


def test_a_sample_is_of_the_moment_and_of_bounded_size() -> None:
    first = nn.Conv2d(3, 8, 1)
    nn.init.constant_(first.weight, -1)
    module = nn.Sequential(first, nn.ReLU(inplace=True))
    _, (conv, relu) = record_calls(module, torch.ones(1, 3, 100, 100))
    assert float(conv.sample.max()) < 0
    assert float(relu.sample.max()) == 0
    assert SAMPLE_SIZE <= conv.sample.numel() <= 2 * SAMPLE_SIZE


def test_on_the_meta_device_nothing_is_computed() -> None:
    with torch.device("meta"):
        _, calls = record_calls(nn.Conv2d(3, 8, 1), torch.zeros(1, 3, 512, 512))
    assert calls[0].macs == 8 * 3 * 512 * 512
    assert calls[0].sample.numel() == 0


def test_hooks_are_gone_even_if_the_pass_fails() -> None:
    module = nn.Conv2d(4, 4, 1)
    with pytest.raises(RuntimeError):
        record_calls(module, torch.zeros(1, 3, 8, 8))
    assert not module._forward_hooks
    assert not module._forward_pre_hooks

"""What constructs the module of an op, in plain PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from mbconv_cli.plan.ops import (
    Activation,
    Add,
    BatchNorm,
    ChannelSlice,
    Concat,
    Conv2d,
    GlobalAvgPool,
    Kind,
    Linear,
    MaxPool,
    Multiply,
)

ACTIVATION_CLASSES: Final = {
    "relu": "nn.ReLU()",
    "relu6": "nn.ReLU6()",
    "swish": "nn.SiLU()",
    "hard_swish": "nn.Hardswish()",
    "sigmoid": "nn.Sigmoid()",
    "hard_sigmoid": "nn.Hardsigmoid()",
}
HELPERS: Final = '''def conv(channels_in, channels_out, kernel, stride, padding, groups, bias):
    """A convolution whose padding is (top, bottom, left, right), in pixels."""
    top, bottom, left, right = padding
    if (top, left) == (bottom, right):
        return nn.Conv2d(channels_in, channels_out, kernel, stride, (top, left), groups=groups, bias=bias)
    padded = nn.ZeroPad2d((left, right, top, bottom))
    return nn.Sequential(padded, nn.Conv2d(channels_in, channels_out, kernel, stride, groups=groups, bias=bias))


def max_pool(kernel, stride, padding):
    """Max pooling whose padding is (top, bottom, left, right), in pixels, filled with minus infinity."""
    top, bottom, left, right = padding
    return nn.Sequential(nn.ConstantPad2d((left, right, top, bottom), float("-inf")), nn.MaxPool2d(kernel, stride))'''


def expression(kind: Kind, values: Mapping[str, str]) -> str:
    """The constructor's call.

    Args:
        kind: of the op.
        values: the text of each field: a literal, or a parameter's name.
    """
    match kind:
        case Conv2d():
            names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "groups", "bias")
            return f"conv({', '.join(values[name] for name in names)})"
        case BatchNorm(spatial=spatial):
            norm = "nn.BatchNorm2d" if spatial else "nn.BatchNorm1d"
            return f"{norm}({values['channels']}, eps={values['eps']}, momentum={values['momentum']})"
        case Activation(function=name):
            return ACTIVATION_CLASSES[name]
        case GlobalAvgPool():
            return "nn.AdaptiveAvgPool2d(1)"
        case MaxPool():
            return f"max_pool({values['kernel_size']}, {values['stride']}, {values['padding']})"
        case Linear():
            return f"nn.Linear({values['in_features']}, {values['out_features']}, bias={values['bias']})"
        case Add() | Multiply() | Concat() | ChannelSlice():
            raise AssertionError("an expression of the forward pass, and no module")
        case _:
            assert_never(kind)

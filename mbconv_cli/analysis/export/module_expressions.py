"""What constructs the module of an op, in plain PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Final, assert_never

from mbconv_cli.errors import InputError
from mbconv_cli.plan.op_kinds import (
    Activation,
    Add,
    AtenCall,
    AvgPool,
    BatchNorm,
    BlurPool,
    ChannelScale,
    ChannelShuffle,
    ChannelSlice,
    Concat,
    ConditionalConv2d,
    Conv2d,
    GlobalAvgPool,
    GroupNorm,
    Kind,
    Linear,
    MaxPool,
    Multiply,
    MultiQueryAttention,
    PReLU,
)

ACTIVATION_CLASSES: Final = {
    "relu": "nn.ReLU()",
    "relu6": "nn.ReLU6()",
    "leaky_relu": "nn.LeakyReLU()",
    "elu": "nn.ELU()",
    "swish": "nn.SiLU()",
    "hard_swish": "nn.Hardswish()",
    "mish": "nn.Mish()",
    "gelu": "nn.GELU()",
    "tanh": "nn.Tanh()",
    "sigmoid": "nn.Sigmoid()",
    "hard_sigmoid": "nn.Hardsigmoid()",
}
HELPERS: Final[Mapping[str, str]] = {
    "conv": '''def conv(channels_in, channels_out, kernel, stride, padding, groups, bias, dilation=(1, 1)):
    """A convolution whose padding is (top, bottom, left, right), in pixels."""
    top, bottom, left, right = padding
    if (top, left) == (bottom, right):
        return nn.Conv2d(channels_in, channels_out, kernel, stride, (top, left), dilation, groups, bias)
    padded = nn.ZeroPad2d((left, right, top, bottom))
    return nn.Sequential(padded, nn.Conv2d(channels_in, channels_out, kernel, stride, 0, dilation, groups, bias))''',
    "max_pool": '''def max_pool(kernel, stride, padding):
    """Max pooling whose padding is (top, bottom, left, right), in pixels, filled with minus infinity."""
    top, bottom, left, right = padding
    return nn.Sequential(nn.ConstantPad2d((left, right, top, bottom), float("-inf")), nn.MaxPool2d(kernel, stride))''',
    "without_scale": '''def without_scale(norm):
    """A batch norm that learns a shift alone."""
    norm.weight = None
    return norm''',
    "AvgPool": '''class AvgPool(nn.Module):
    """The mean under a window; pixels of the padding, (top, bottom, left, right), do not count."""

    def __init__(self, kernel, stride, padding):
        super().__init__()
        top, bottom, left, right = padding
        self.sides, self.kernel, self.stride = (left, right, top, bottom), kernel, stride

    def forward(self, x):
        def mean(values):
            return functional.avg_pool2d(functional.pad(values, self.sides), self.kernel, self.stride)

        return mean(x) / mean(torch.ones_like(x[:1, :1]))''',
    "ExpertConv": '''class ExpertConv(nn.Module):
    """A convolution whose kernel is mixed for each image from experts; padding is (top, bottom, left, right)."""

    def __init__(self, channels_in, channels_out, kernel, experts, stride, padding, groups, bias, dilation):
        super().__init__()
        top, bottom, left, right = padding
        self.sides, self.shape = (left, right, top, bottom), (channels_out, channels_in // groups, *kernel)
        self.settings = {"stride": stride, "dilation": dilation}
        self.groups = groups
        kernels = [nn.Conv2d(channels_in, channels_out, kernel, groups=groups).weight.flatten() for _ in range(experts)]
        self.weight = nn.Parameter(torch.stack(kernels).detach())
        self.bias = nn.Parameter(torch.zeros(experts, channels_out)) if bias else None

    def forward(self, x, factors):
        images, out, *kernel = len(x), *self.shape
        weight = (factors @ self.weight).reshape(images * out, *kernel)
        bias = None if self.bias is None else (factors @ self.bias).flatten()
        grouped = functional.pad(x, self.sides).flatten(0, 1)[None]
        y = functional.conv2d(grouped, weight, bias, groups=images * self.groups, **self.settings)
        return y.reshape(images, out, *y.shape[2:])''',
    "Blur": '''class Blur(nn.Module):
    """Each channel under a binomial filter; padding is (top, bottom, left, right), in pixels."""

    def __init__(self, channels, kernel, stride, padding, border):
        super().__init__()
        rows = []
        for size in kernel:
            row = torch.ones(1)
            for _ in range(size - 1):
                row = (functional.pad(row, (0, 1)) + functional.pad(row, (1, 0))) / 2
            rows.append(row)
        self.register_buffer("filter", torch.outer(*rows).repeat(channels, 1, 1, 1))
        top, bottom, left, right = padding
        self.stride, self.sides = stride, (left, right, top, bottom)
        self.mode = "reflect" if border == "reflected" else "constant"

    def forward(self, x):
        padded = functional.pad(x, self.sides, mode=self.mode)
        return functional.conv2d(padded, self.filter, stride=self.stride, groups=len(self.filter))''',
    "ChannelScale": '''class ChannelScale(nn.Module):
    """Each channel times a learned factor."""

    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((channels,), 1e-5))

    def forward(self, x):
        return x * self.gamma[:, None, None]''',
    "Attention": '''class Attention(nn.Module):
    """Attention of all pixels to those of another map; the heads share keys and values."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def forward(self, queries, keys, values):
        height, width = queries.shape[2:]
        keys, values = (one.flatten(2).transpose(1, 2)[:, None] for one in (keys, values))
        of_heads = queries.flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3)
        y = functional.scaled_dot_product_attention(of_heads, keys, values)
        return y.transpose(2, 3).flatten(1, 2).unflatten(2, (height, width))''',
    "Shuffle": '''class Shuffle(nn.Module):
    """The channels of some groups dealt out in turn."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        return x.unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)''',
}
"""What constructors call that PyTorch does not have, by its name."""


def expression(kind: Kind, values: Mapping[str, str]) -> str:
    """The constructor's call.

    Args:
        kind: of the op.
        values: the text of each field: a literal, or a parameter's name.
    """
    match kind:
        case Conv2d():
            names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "groups", "bias")
            usual = values["dilation"] == repr((1, 1))
            return f"conv({', '.join(values[name] for name in (*names, *(() if usual else ('dilation',))))})"
        case ConditionalConv2d():
            return f"ExpertConv({', '.join(values[field.name] for field in fields(kind))})"
        case BatchNorm(spatial=spatial):
            norm = "nn.BatchNorm2d" if spatial else "nn.BatchNorm1d"
            made = f"{norm}({values['channels']}, eps={values['eps']}, momentum={values['momentum']})"
            return made if kind.scale else f"without_scale({made})"
        case GroupNorm():
            return f"nn.GroupNorm({values['groups']}, {values['channels']}, eps={values['eps']})"
        case Activation(function=name):
            return ACTIVATION_CLASSES[name]
        case GlobalAvgPool():
            return "nn.AdaptiveAvgPool2d(1)"
        case MaxPool():
            return f"max_pool({values['kernel_size']}, {values['stride']}, {values['padding']})"
        case PReLU():
            return f"nn.PReLU({values['channels']})"
        case AvgPool():
            return f"AvgPool({values['kernel_size']}, {values['stride']}, {values['padding']})"
        case ChannelShuffle():
            return f"Shuffle({values['groups']})"
        case Linear():
            return f"nn.Linear({values['in_features']}, {values['out_features']}, bias={values['bias']})"
        case BlurPool():
            return f"Blur({', '.join(values[field.name] for field in fields(kind))})"
        case ChannelScale():
            return f"ChannelScale({values['channels']})"
        case MultiQueryAttention():
            return f"Attention({values['heads']})"
        case AtenCall():
            raise InputError(f"{kind.target} was captured from code, which is its own module")
        case Add() | Multiply() | Concat() | ChannelSlice():
            raise AssertionError("an expression of the forward pass, and no module")
        case _:
            assert_never(kind)

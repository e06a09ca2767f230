"""Which ATen calls mean exactly what an op of the vocabulary means. Every other stays an `AtenCall`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mbconv_cli.plan.op_kinds import (
    Activation,
    ActivationName,
    Add,
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
    PReLU,
)
from mbconv_cli.pytorch.capture.graph_calls import GraphCall, channel_range

FUNCTIONS: Final[Mapping[str, ActivationName]] = {
    "relu": "relu",
    "relu6": "relu6",
    "silu": "swish",
    "mish": "mish",
    "tanh": "tanh",
    "hardswish": "hard_swish",
    "sigmoid": "sigmoid",
    "hardsigmoid": "hard_sigmoid",
}


def kind_of(call: GraphCall) -> Kind | None:
    """The op of the vocabulary that a call is, as far as its arguments go; None where it is none."""
    name = call.target.removesuffix("_")
    if name in FUNCTIONS:
        return Activation(FUNCTIONS[name])
    return KINDS[name](call) if name in KINDS else None


def _conv2d(call: GraphCall) -> Conv2d | None:
    arguments, weight = call.arguments, call.shape("weight")
    padding = arguments["padding"]
    if isinstance(padding, str) or len(call.outputs[0]) != 4:
        return None
    vertical, horizontal = _pair(padding)
    return Conv2d(
        in_channels=weight[1] * arguments["groups"],
        out_channels=weight[0],
        kernel_size=(weight[2], weight[3]),
        stride=_pair(arguments["stride"]),
        padding=(vertical, vertical, horizontal, horizontal),
        groups=arguments["groups"],
        bias=arguments["bias"] is not None,
        dilation=_pair(arguments["dilation"]),
    )


def blur(call: GraphCall, pad: GraphCall | None) -> BlurPool | None:
    """The blur that a convolution with a fixed filter of each channel is, with the padding before it if there is one.

    The filter's values are not looked at: on the meta device there are none.
    """
    conv, weight = _conv2d(call), call.weight("weight")
    if conv is None or weight is None or not weight.fixed:
        return None
    plain = Conv2d(conv.in_channels, conv.in_channels, conv.kernel_size, conv.stride, conv.padding, conv.in_channels)
    if conv != plain:
        return None
    if pad is None:
        return BlurPool(conv.in_channels, conv.kernel_size, conv.stride, conv.padding, "zero")
    if (zeros := zero_padding(pad)) and conv.padding == (0, 0, 0, 0):
        return BlurPool(conv.in_channels, conv.kernel_size, conv.stride, zeros, "zero")
    if pad.target == "pad" and pad.arguments["mode"] == "reflect" and conv.padding == (0, 0, 0, 0):
        left, right, top, bottom = pad.arguments["pad"]
        return BlurPool(conv.in_channels, conv.kernel_size, conv.stride, (top, bottom, left, right), "reflected")
    return None


def zero_padding(call: GraphCall) -> tuple[int, int, int, int] | None:
    """(top, bottom, left, right) of a padding by zeros of height and width; None of anything else."""
    arguments = call.arguments
    zeros = arguments.get("mode", "constant") == "constant" and not arguments.get("value")
    if call.target not in {"pad", "constant_pad_nd"} or not zeros or len(arguments["pad"]) != 4 or call.weights:
        return None
    left, right, top, bottom = arguments["pad"]
    return (top, bottom, left, right) if min(arguments["pad"]) >= 0 else None


def is_mixture(call: GraphCall) -> bool:
    """Whether a product is of factors `[N, experts]` with the kernels of experts, `[experts, elements]`."""
    kernels = call.weight("other")
    return kernels is not None and len(call.shape("other")) == len(call.shape("self")) == 2


def mixed_convolution(call: GraphCall, mixtures: Sequence[GraphCall]) -> bool:
    """Whether a convolution takes all images as groups of one, each with the kernel that was mixed for it."""
    conv, images = _conv2d(call), mixtures[0].outputs[0][0]
    if conv is None or call.shape("input")[0] != 1 or conv.groups % images:
        return False
    elements = [math.prod(call.shape(key)) for key in ("weight", "bias") if call.arguments[key] is not None]
    return elements == [math.prod(one.outputs[0]) for one in mixtures]


def conditional(conv: Conv2d, mixture: GraphCall) -> ConditionalConv2d:
    """The convolution of one image of those that are its groups."""
    images, experts = mixture.shape("self")
    one = replace(
        conv,
        in_channels=conv.in_channels // images,
        out_channels=conv.out_channels // images,
        groups=conv.groups // images,
    )
    return ConditionalConv2d.of(one, experts)


def _batch_norm(call: GraphCall) -> BatchNorm | None:
    arguments, shape = call.arguments, call.outputs[0]
    given = all(call.weight(name) for name in ("bias", "running_mean", "running_var"))
    scale = call.weight("weight") is not None
    if (
        not given
        or (arguments["weight"] is not None and not scale)
        or arguments["training"]
        or len(shape) not in {2, 4}
    ):
        return None
    eps, momentum = (float(f"{arguments[name]:.12g}") for name in ("eps", "momentum"))  # 1 - 0.9997 is 0.0003
    return BatchNorm(shape[1], eps, momentum, spatial=len(shape) == 4, scale=scale)


def _group_norm(call: GraphCall) -> GroupNorm | None:
    arguments, shape = call.arguments, call.outputs[0]
    given = all(call.weight(name) for name in ("weight", "bias"))
    if not given or len(shape) not in {2, 4}:
        return None
    return GroupNorm(shape[1], arguments["num_groups"], float(f"{arguments['eps']:.12g}"))


def _hardtanh(call: GraphCall) -> Activation | None:
    return Activation("relu6") if (call.arguments["min_val"], call.arguments["max_val"]) == (0, 6) else None


def _leaky_relu(call: GraphCall) -> Activation | None:
    return Activation("leaky_relu") if call.arguments["negative_slope"] == 0.01 else None


def _elu(call: GraphCall) -> Activation | None:
    usual = all(call.arguments[name] == 1 for name in ("alpha", "scale", "input_scale"))
    return Activation("elu") if usual else None


def _gelu(call: GraphCall) -> Activation | None:
    return Activation("gelu") if call.arguments["approximate"] == "none" else None


def _adaptive_pool(call: GraphCall) -> GlobalAvgPool | None:
    fits = len(call.outputs[0]) == 4 and _pair(call.arguments["output_size"]) == (1, 1)
    return GlobalAvgPool(keep_dims=True) if fits else None


def _mean(call: GraphCall) -> GlobalAvgPool | None:
    arguments = call.arguments
    rank = len(call.shape("self"))
    dims = {dim % rank for dim in arguments.get("dim") or ()}
    if rank != 4 or dims != {2, 3}:
        return None
    return GlobalAvgPool(keep_dims=bool(arguments["keepdim"]))


def _max_pool(call: GraphCall) -> MaxPool | None:
    arguments = call.arguments
    if _pair(arguments["dilation"]) != (1, 1) or _rounds_up(call) or len(call.outputs[0]) != 4:
        return None
    vertical, horizontal = _pair(arguments["padding"])
    kernel = _pair(arguments["kernel_size"])
    stride = _pair(arguments["stride"]) if arguments["stride"] else kernel
    return MaxPool(kernel, stride, (vertical, vertical, horizontal, horizontal))


def _rounds_up(call: GraphCall) -> bool:
    """Whether `ceil_mode` gives a pooling one window more than fits."""
    arguments = call.arguments
    if not arguments["ceil_mode"]:
        return False
    kernel, padding = _pair(arguments["kernel_size"]), _pair(arguments["padding"])
    stride = _pair(arguments["stride"]) if arguments["stride"] else kernel
    extents = zip(call.shape("self")[-2:], kernel, stride, padding, strict=True)
    fitting = tuple((size + 2 * edge - window) // step + 1 for size, window, step, edge in extents)
    return fitting != tuple(call.outputs[0][-2:])


def _avg_pool(call: GraphCall) -> AvgPool | None:
    """Windows of which padded pixels are no part, as in the vocabulary."""
    arguments = call.arguments
    vertical, horizontal = _pair(arguments["padding"])
    counts_padding = arguments["count_include_pad"] and (vertical, horizontal) != (0, 0)
    if counts_padding or _rounds_up(call) or arguments["divisor_override"] or len(call.outputs[0]) != 4:
        return None
    kernel = _pair(arguments["kernel_size"])
    stride = _pair(arguments["stride"]) if arguments["stride"] else kernel
    return AvgPool(kernel, stride, (vertical, vertical, horizontal, horizontal))


def _prelu(call: GraphCall) -> PReLU | None:
    channels, shape = math.prod(call.shape("weight")), call.outputs[0]
    return PReLU(channels) if len(shape) == 4 and shape[1] == channels else None


def _linear(call: GraphCall) -> Linear:
    out_features, in_features = call.shape("weight")
    return Linear(in_features, out_features, bias=call.arguments["bias"] is not None)


def _cat(call: GraphCall) -> Concat | None:
    fits = len(call.outputs[0]) == 4 and call.arguments["dim"] % 4 == 1 and len(call.values) > 1
    return Concat() if fits and len(call.values) == len(call.arguments["tensors"]) else None


def _add(call: GraphCall) -> Add | None:
    shapes = _factors(call)
    return Add() if shapes and shapes[0] == shapes[1] and call.arguments["alpha"] == 1 else None


def _mul(call: GraphCall) -> Multiply | ChannelScale | None:
    """Both of one shape, or one a factor for each channel of the other, computed or learned."""
    shapes = _factors(call)
    if not shapes:
        return _channel_scale(call)
    larger, smaller = sorted(shapes, key=len_and_size, reverse=True)
    broadcast = len(larger) == 4 and smaller == (*larger[:2], 1, 1)
    return Multiply() if larger == smaller or broadcast else None


def _channel_scale(call: GraphCall) -> ChannelScale | None:
    if (len(call.values), len(call.weights)) != (1, 1) or len(call.outputs[0]) != 4:
        return None
    channels = call.outputs[0][1]
    fits = call.weights[0].shape in {(channels, 1, 1), (1, channels, 1, 1)} and call.values[0].shape == call.outputs[0]
    return ChannelScale(channels) if fits else None


def len_and_size(shape: Sequence[int]) -> tuple[int, ...]:
    """Orders shapes of which one is broadcast to the other: the larger one is greater."""
    return (len(shape), *shape)


def _factors(call: GraphCall) -> list[tuple[int, ...]]:
    """The shapes of two values; none where one is a number or a weight."""
    nodes = [call.arguments["self"], call.arguments["other"]]
    reads = [call.reads.get(node) for node in nodes if not isinstance(node, int | float)]
    shapes = [read.shape for read in reads if read is not None and read in call.values]
    return shapes if len(shapes) == 2 else []


def _slice(call: GraphCall) -> ChannelSlice | None:
    channels = channel_range(call.node)
    return ChannelSlice(*channels) if channels else None


def _channel_shuffle(call: GraphCall) -> ChannelShuffle | None:
    return ChannelShuffle(call.arguments["groups"]) if len(call.outputs[0]) == 4 else None


def _pair(value: Any) -> tuple[int, int]:
    """A size as ATen takes it: one number for both directions, or two."""
    sizes = [value] if isinstance(value, int) else list(value)
    return (sizes[0], sizes[-1])


KINDS: Final[Mapping[str, Callable[[GraphCall], Kind | None]]] = {
    "conv2d": _conv2d,
    "batch_norm": _batch_norm,
    "group_norm": _group_norm,
    "hardtanh": _hardtanh,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "adaptive_avg_pool2d": _adaptive_pool,
    "mean": _mean,
    "max_pool2d": _max_pool,
    "avg_pool2d": _avg_pool,
    "prelu": _prelu,
    "linear": _linear,
    "cat": _cat,
    "add": _add,
    "mul": _mul,
    "channel_shuffle": _channel_shuffle,
    "slice": _slice,
    "getitem": _slice,
}

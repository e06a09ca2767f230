"""The vocabulary of ops: what each kind computes, and with which settings.

It is closed: whoever takes an op apart ends its `match` with `assert_never`. Only a Plan that was captured from a
module may hold `AtenCall`s, the one open kind.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, TypeAlias

Border: TypeAlias = Literal["reflected", "zero"]
ActivationName: TypeAlias = Literal[
    "relu", "relu6", "leaky_relu", "elu", "swish", "hard_swish", "mish", "gelu", "tanh", "sigmoid", "hard_sigmoid"
]
"""A leaky ReLU has a slope of 0.01 below zero, and an ELU goes to -1: torch's defaults."""


@dataclass(frozen=True, slots=True)
class Conv2d:
    """2-D convolution, `[N, in_channels, H, W]` to `[N, out_channels, H', W']`.

    `padding` is (top, bottom, left, right) in pixels: TensorFlow's `same` may differ between opposite sides.
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    bias: bool = False
    dilation: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class ConditionalConv2d:
    """A convolution whose kernel is mixed for each image from those of several experts.

    `[N, in_channels, H, W]`, and factors of the experts `[N, experts]`, to `[N, out_channels, H', W']`.
    Yang et al., arXiv:1904.04971, equation 1. The other fields are those of `Conv2d`; the bias is mixed, too.
    """

    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int]
    experts: int
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    bias: bool = False
    dilation: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, conv: Conv2d, experts: int) -> ConditionalConv2d:
        """A convolution's experts."""
        return cls(experts=experts, **{field.name: getattr(conv, field.name) for field in fields(conv)})

    @property
    def conv(self) -> Conv2d:
        """The convolution with the mixed kernel."""
        return Conv2d(**{field.name: getattr(self, field.name) for field in fields(Conv2d)})


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Batch normalization over the channels of `[N, C, H, W]`, or of `[N, C]` if it is not spatial.

    Without `scale` it learns a shift alone (TensorFlow's `scale=False`).
    """

    channels: int
    eps: float
    momentum: float
    spatial: bool = True
    scale: bool = True


@dataclass(frozen=True, slots=True)
class GroupNorm:
    """Normalization over the pixels and channels of each group of `[N, C, H, W]` or `[N, C]`, with scale and shift.

    Wu and He, arXiv:1803.08494, equation 7. It has no running statistics.
    """

    channels: int
    groups: int
    eps: float


@dataclass(frozen=True, slots=True)
class Activation:
    """An element-wise function."""

    function: ActivationName


@dataclass(frozen=True, slots=True)
class PReLU:
    """max(x, 0) + slope x min(x, 0), with a learned slope for each channel.

    He et al., arXiv:1502.01852, equation 1.
    """

    channels: int


@dataclass(frozen=True, slots=True)
class GlobalAvgPool:
    """The mean over height and width: `[N, C, H, W]` to `[N, C, 1, 1]`, or to `[N, C]` unless dimensions are kept."""

    keep_dims: bool


@dataclass(frozen=True, slots=True)
class MaxPool:
    """The largest value under a window, `[N, C, H, W]` to `[N, C, H', W']`.

    `padding` is (top, bottom, left, right) in pixels, filled with minus infinity.
    """

    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class AvgPool:
    """The mean under a window, `[N, C, H, W]` to `[N, C, H', W']`; pixels of the padding do not count.

    `padding` is (top, bottom, left, right) in pixels.
    """

    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class BlurPool:
    """Each channel of `[N, C, H, W]` under a fixed filter with a stride, to `[N, C, H', W']`.

    Zhang, arXiv:1904.11486, section 3.3. The filter is no parameter, and binomial where it is built here. `padding` is
    (top, bottom, left, right) in pixels, reflected at the border or filled with zeros.
    """

    channels: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    border: Border = "reflected"


@dataclass(frozen=True, slots=True)
class ChannelShuffle:
    """The channels of `groups` groups dealt out in turn (ShuffleNet: Zhang et al., arXiv:1707.01083, section 3.1)."""

    groups: int


@dataclass(frozen=True, slots=True)
class ChannelSlice:
    """Channels `start` to `stop` (exclusive) of `[N, C, H, W]`: a view, which moves nothing."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Concat:
    """All inputs one after the other along the channels."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer, `[N, in_features]` to `[N, out_features]`."""

    in_features: int
    out_features: int
    bias: bool = True


@dataclass(frozen=True, slots=True)
class Add:
    """The sum of two inputs of equal shape."""


@dataclass(frozen=True, slots=True)
class Multiply:
    """The first input, each channel times the second's factor: `[N, C, H, W]` and `[N, C, 1, 1]`."""


@dataclass(frozen=True, slots=True)
class ChannelScale:
    """Each channel of `[N, C, H, W]` times a learned factor (Touvron et al., arXiv:2103.17239, section 2)."""

    channels: int


@dataclass(frozen=True, slots=True)
class MultiQueryAttention:
    """Attention of every pixel to all pixels of another map, in several heads that share keys and values.

    Queries `[N, heads x key_filters, H, W]`, keys `[N, key_filters, H', W']` and values `[N, value_filters, H', W']` to
    `[N, heads x value_filters, H, W]`, the channels of a head one after the other: softmax(q k / sqrt(key_filters)) v.
    Shazeer, arXiv:1911.02150, section 3.
    """

    heads: int
    key_filters: int
    value_filters: int


@dataclass(frozen=True, slots=True)
class AtenCall:
    """Any other call of ATen, PyTorch's library of tensor operations, with all that its costs depend on.

    Attributes:
        target: the function's name without overload and `aten.`, e.g. `layer_norm`.
        arguments: the static arguments that are not the default, as text.
        macs: multiply-accumulates of the whole call; None where no formula is known.
        params: trainable parameters that no earlier op has read.
        weights: elements of parameters and buffers that it reads.
        more_outputs: elements that it writes besides its first output.
        view: whether it gives what it reads in another shape or order, and so moves nothing.
    """

    target: str
    arguments: str = ""
    macs: int | None = 0
    params: int = 0
    weights: int = 0
    more_outputs: int = 0
    view: bool = False


ClosedKind: TypeAlias = (
    Conv2d
    | ConditionalConv2d
    | BatchNorm
    | GroupNorm
    | Activation
    | PReLU
    | GlobalAvgPool
    | MaxPool
    | AvgPool
    | BlurPool
    | ChannelShuffle
    | ChannelSlice
    | Concat
    | Linear
    | Add
    | Multiply
    | ChannelScale
    | MultiQueryAttention
)
"""The kinds whose shapes and costs follow from what they are."""
Kind: TypeAlias = ClosedKind | AtenCall
OP_NAMES: Final[dict[type[Kind], str]] = {
    Conv2d: "conv2d",
    ConditionalConv2d: "conditional_conv2d",
    BatchNorm: "batch_norm",
    GroupNorm: "group_norm",
    Activation: "activation",
    PReLU: "prelu",
    GlobalAvgPool: "global_avg_pool",
    MaxPool: "max_pool",
    AvgPool: "avg_pool",
    BlurPool: "blur_pool",
    ChannelShuffle: "channel_shuffle",
    ChannelSlice: "channel_slice",
    Concat: "concat",
    Linear: "linear",
    Add: "add",
    Multiply: "multiply",
    ChannelScale: "channel_scale",
    MultiQueryAttention: "multi_query_attention",
}


def op_name(kind: Kind) -> str:
    """What a kind of op is called in reports: its name in the vocabulary, or in ATen."""
    return kind.target if isinstance(kind, AtenCall) else OP_NAMES[type(kind)]


def convolution_of(kind: Kind) -> Conv2d | None:
    """The convolution that an op is, be its kernel fixed or mixed of experts; None where it is something else."""
    match kind:
        case Conv2d():
            return kind
        case ConditionalConv2d():
            return kind.conv
        case _:
            return None

"""The vocabulary of a Plan. It is closed: whoever takes an op apart ends its `match` with `assert_never`.

Shapes are those of one image: `(C, H, W)` of a feature map, `(F,)` of a vector. The batch is added where it
matters, in costs and in the built module. Only a Plan that was captured from a module may hold `AtenCall`s, the one
open kind, and shapes of a whole batch, `(N, ...)`: it then has a `batch_size`, and an op reads channels and features
from the end of a shape.

What a Plan has by the hundred (`Value`, `Op`) is a named tuple: as immutable as a frozen dataclass, and made in half
the time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from mbconv_cli.spec.code_reference import CodeReference

Shape: TypeAlias = tuple[int, ...]
Role: TypeAlias = Literal[
    "stem",
    "convolution",
    "expand",
    "depthwise",
    "se",
    "routing",
    "project",
    "pooling",
    "shortcut",
    "head",
    "classifier",
    "pointwise",
    "linear",
    "attention",
    "recurrent",
    "norm",
    "activation",
    "element-wise",
    "shape",
    "other",
]
ActivationName: TypeAlias = Literal["relu", "relu6", "swish", "hard_swish", "gelu", "sigmoid", "hard_sigmoid"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""In the order of a block; from `pointwise` on they are those of captured ops: what an op is, not what it is for."""

INPUT: Final = "input"
"""The name that ops use for the network's input."""


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
    """

    target: str
    arguments: str = ""
    macs: int | None = 0
    params: int = 0
    weights: int = 0
    more_outputs: int = 0


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


class Value(NamedTuple):
    """What an op gives, or the network's input: the op's name (or `input`), and the shape without the batch."""

    name: str
    shape: Shape

    @property
    def channels(self) -> int:
        """Channels of a feature map, features of a vector."""
        return self.shape[0]


class Op(NamedTuple):
    """One step of a network.

    Attributes:
        kind: what it computes.
        inputs: what it reads.
        output: what it gives. Its name is the op's.
        stage: the stage it belongs to (`stem`, `stages.2`, `head`, `classifier`).
        block: the block it belongs to (`stages.2.1`; the stage's own name outside of stages).
        role: its part in the block.
    """

    kind: Kind
    inputs: tuple[Value, ...]
    output: Value
    stage: str
    block: str
    role: Role

    @property
    def name(self) -> str:
        """Dotted; also the module's path in the built network and the row's name in every report."""
        return self.output.name


@dataclass(frozen=True, slots=True)
class Block:
    """What a run of ops is in the paper's table.

    Attributes:
        name: `stages.2.1`, `stem`, `head`, `classifier`.
        stage: the stage that it belongs to.
        operator: as tables print it, e.g. `MBConv6, k3x3, SE`.
        block_type: its name in a count, e.g. `MBConv`; empty for what is counted layer by layer.
        stride: (vertical, horizontal).
        row: the index of the row that it comes from; none outside of rows.
        dilation: of its spatial kernels, (vertical, horizontal).
    """

    name: str
    stage: str
    operator: str
    block_type: str
    input_shape: Shape
    output_shape: Shape
    stride: tuple[int, int]
    row: int | None = None
    dilation: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A network as ops in the order in which they run; the last one's output is the network's.

    Attributes:
        name: the network's.
        input_shape: of the first input.
        ops: in running order.
        blocks: runs of ops, in running order.
        batch_size: the batch that the shapes hold already, where the Plan was captured for one; None where shapes are
            those of one image.
        more_inputs: what the network takes besides the first input.
        code: the code that makes the module, where the Plan was captured from one.
        remarks: what a reader of its costs should know, in sentences.
    """

    name: str
    input_shape: Shape
    ops: tuple[Op, ...]
    blocks: tuple[Block, ...]
    batch_size: int | None = None
    more_inputs: tuple[Value, ...] = ()
    code: CodeReference | None = None
    remarks: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[Value, ...]:
        """All inputs, the first one under the name that every Plan uses for it."""
        return (Value(INPUT, self.input_shape), *self.more_inputs)

    def images(self, batch_size: int) -> int:
        """How often the costs of the Plan's shapes count in such a batch: once where they hold it already."""
        return batch_size if self.batch_size is None else 1

    def batched(self, batch_size: int) -> Shape:
        """The shape of the first input with the batch, `[N, ...]`."""
        return (batch_size, *self.input_shape) if self.batch_size is None else self.input_shape

    @property
    def output_shape(self) -> Shape:
        """The shape of the last op's output."""
        return self.ops[-1].output.shape

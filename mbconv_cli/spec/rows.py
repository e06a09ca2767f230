"""The rows of a paper's table: one model per block type, distinguished by `type`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, Strict, Tag, model_validator

from mbconv_cli.spec.limits import MAX_SIZE
from mbconv_cli.spec.values import (
    Activation,
    Dilation,
    Filters,
    Frozen,
    KernelSize,
    KernelSizes,
    KernelStack,
    Padding,
    Pooling,
    Ratio,
    Repeat,
    Shortcut,
    Stride,
    sides,
)

SeRatio: TypeAlias = Annotated[
    Annotated[float, Field(ge=0, le=1)] | None,
    Field(description="squeeze-and-excitation: squeezed / all channels; none if absent or 0"),
]
Groups: TypeAlias = Annotated[int, Field(ge=1, le=64)]
ChannelGroups: TypeAlias = Annotated[int, Field(ge=1, le=MAX_SIZE)]
LayerScale: TypeAlias = Annotated[
    bool, Field(description="a learned factor for each channel before the sum with the input (LayerScale)")
]
Shares: TypeAlias = Annotated[tuple[Filters, ...], Strict(False), Field(min_length=2, max_length=8)]


class AnyRow(Frozen):
    """What every row can say. A row is a stage or, joined, a part of one: `num_repeat` blocks."""

    num_repeat: Repeat = Field(1, description="blocks of this row")
    joined: bool = Field(
        False,
        description="to the row before it, as one stage: their blocks are numbered as one, and depth scaling scales "
        "their repeats as one number and shares it out (rows in a list of their own, as timm writes them, are joined)",
    )
    input_filters: Filters | None = Field(None, description="channels in; checked against the row before")


class Row(AnyRow):
    """The keys of all rows with convolutions."""

    output_filters: Filters = Field(description="channels out")
    stride: Stride = Field((1, 1), description="stride of the row's first block; the others have 1")
    activation: Activation | None = Field(None, description="the network's, if absent")
    shortcut: Shortcut = Field(
        "identity",
        description="identity: where input and output agree; projection: also a 1x1 convolution where the channels "
        "differ at stride 1; strided_projection: a 1x1 convolution wherever they differ; pooled_projection: the same "
        "after average pooling by the stride (ResNet-D); none",
    )
    shortcut_norm: bool = Field(True, description="batch norm after a shortcut's convolution")
    padding: Padding | None = Field(None, description="the network's, if absent")
    bias: bool | None = Field(None, description="of the row's convolutions; the network's, if absent")
    dilation: Dilation = Field(
        (1, 1), description="of the spatial kernels; one number for both directions, or [vertical, horizontal]"
    )
    first_dilation: Dilation | None = Field(
        None, description="of the row's first block, where that gave its stride up; dilation, if absent"
    )


class DepthwiseRow(Row):
    """The keys of block types with a depthwise convolution."""

    kernel_size: KernelSizes = Field(
        description="of the depthwise kernel, in pixels: a number, height x width as 3x5, or {mixed: [3, 5]} for "
        "several that share the channels (MixNet)"
    )
    mixed_shares: Shares | None = Field(
        None, description="how mixed kernels share the channels, e.g. [2, 1, 1]; evenly, if absent"
    )
    group_size: Filters | None = Field(None, description="channels in a group of that convolution; 1, if absent")
    depthwise_stack: KernelStack | None = Field(
        None,
        description="kernel sizes of smaller depthwise convolutions, one after the other, each with norm and "
        "activation, that together span kernel_size and take its place; the first has the stride",
    )

    experts: Groups | None = Field(
        None,
        description="kernels of each convolution, mixed for each image by factors that a linear layer and a sigmoid "
        "make of the block's pooled input (CondConv); one fixed kernel, if absent",
    )

    @model_validator(mode="after")
    def _experts_have_one_kernel_size(self) -> Self:
        if self.experts is not None and len(self.kernel_size) > 1:
            raise ValueError("experts and several kernel sizes do not go together")
        return self

    @model_validator(mode="after")
    def _stack_spans_kernel(self) -> Self:
        if self.depthwise_stack is None:
            return self
        if len(self.kernel_size) > 1:
            raise ValueError("depthwise_stack and several kernel sizes do not go together")
        span = 1 + sum(size - 1 for size in self.depthwise_stack)
        if (span, span) != sides(self.kernel_size[0]):
            raise ValueError(f"depthwise_stack spans {span} pixels, but kernel_size is {self.kernel_size[0]}")
        return self

    @model_validator(mode="after")
    def _one_share_for_each_kernel(self) -> Self:
        if self.mixed_shares is not None and len(self.mixed_shares) != len(self.kernel_size):
            raise ValueError(f"mixed_shares has {len(self.mixed_shares)} shares for {len(self.kernel_size)} kernels")
        return self


class MBConv(DepthwiseRow):
    """Inverted residual: 1x1 expand, depthwise, SE, 1x1 project (MobileNetV2, MnasNet, MobileNetV3, EfficientNet)."""

    type: Literal["mbconv"] = "mbconv"
    expand_ratio: Ratio | None = Field(None, description="expanded channels / channels in")
    expanded_filters: Filters | None = Field(None, description="expanded channels, as MobileNetV3's table gives them")
    unit_expansion: bool = Field(False, description="a 1x1 expansion even where it keeps the number of channels")
    expand_groups: Groups = Field(1, description="groups of the 1x1 expansion (MixNet)")
    project_groups: Groups = Field(1, description="groups of the 1x1 projection (MixNet)")
    channel_shuffle: bool = Field(False, description="of the groups of the expansion, after it (ShuffleNet, FBNet)")
    se_ratio: SeRatio = None

    @model_validator(mode="after")
    def _expands_one_way(self) -> Self:
        _require_one_expansion(self.expand_ratio, self.expanded_filters)
        return self


def _require_one_expansion(ratio: float | None, filters: int | None) -> None:
    if ratio is None and filters is None:
        raise ValueError("needs either expand_ratio or expanded_filters")
    if ratio is not None and filters is not None:
        raise ValueError("expand_ratio and expanded_filters exclude each other; keep one")


class GhostBottleneck(Row):
    """Two ghost modules, a depthwise convolution between them where there is a stride, SE, shortcut (GhostNet).

    A ghost module makes some of its channels by a 1x1 convolution, and of these the others by a depthwise one.
    """

    type: Literal["ghost_bottleneck"]
    kernel_size: KernelSize = Field(3, description="of the depthwise convolution with the stride, and the shortcut's")
    expand_ratio: Ratio | None = Field(None, description="expanded channels / channels in")
    expanded_filters: Filters | None = Field(None, description="expanded channels, as GhostNet's table gives them")
    ghost_ratio: Annotated[int, Field(ge=2, le=8)] = Field(2, description="all channels / those of the 1x1 convolution")
    ghost_kernel_size: KernelSize = Field(3, description="of the depthwise convolution that makes the other channels")
    shortcut: Literal["identity", "strided_projection", "none"] = Field(
        "strided_projection",
        description="identity: where input and output agree; strided_projection: also a depthwise convolution with the "
        "stride and a 1x1 convolution where they differ; none",
    )
    se_ratio: SeRatio = None

    @model_validator(mode="after")
    def _expands_one_way(self) -> Self:
        _require_one_expansion(self.expand_ratio, self.expanded_filters)
        return self


class DepthwiseSeparable(DepthwiseRow):
    """Depthwise convolution, then 1x1 (MobileNetV1; MnasNet's SepConv has no activation after the 1x1)."""

    type: Literal["depthwise_separable"]
    shortcut: Shortcut = Field("none", description="as in the other block types; MobileNetV1 has none")
    norm_between: bool = Field(True, description="batch norm between the two convolutions; Xception has none")
    activation_between: bool = Field(True, description="activation between the two convolutions; Xception has none")
    activation_after: bool = Field(True, description="activation after the 1x1 convolution")
    project_groups: Groups = Field(1, description="groups of the 1x1 convolution")
    se_ratio: SeRatio = None


class FusedMBConv(Row):
    """MBConv with one full convolution in place of expansion and depthwise (EfficientNet-EdgeTPU, EfficientNetV2).

    Where the expansion would keep the number of channels, the one convolution gives the output directly.
    """

    type: Literal["fused_mbconv"]
    kernel_size: KernelSize = Field(description="of the expanding convolution, in pixels")
    expand_ratio: Ratio = Field(description="expanded channels / channels in")
    expand_base: Filters | None = Field(
        None, description="the channels that expand_ratio is taken of, where it is not the input (EdgeTPU's first row)"
    )
    unit_expansion: bool = Field(False, description="two convolutions even where the first keeps the channels")
    unit_kernel_size: KernelSize | None = Field(
        None, description="of the one convolution where the first keeps the channels (1 in EdgeTPU's code)"
    )
    stride_at: Literal["expand", "project"] = Field(
        "expand", description="which of the two convolutions has the stride (EdgeTPU's own code: the last)"
    )
    group_size: Filters | None = Field(None, description="expanded channels in a group of the first convolution")
    se_ratio: SeRatio = None


class Conv(Row):
    """One convolution with norm and activation."""

    type: Literal["conv"]
    kernel_size: KernelSize = Field(description="in pixels: a number, or height x width as 10x4")
    groups: ChannelGroups | Literal["depthwise"] = Field(
        1, description="groups of the channels; depthwise: as many as channels in"
    )
    norm: bool = Field(True, description="batch norm after the convolution")
    shortcut: Shortcut = Field("none", description="as in the other block types")


class SameFilters(AnyRow):
    """A row that gives as many channels as come in."""

    output_filters: Filters | None = Field(None, description="channels out; checked against those that come in")


class Pool(SameFilters):
    """Pooling as a row of its own."""

    type: Literal["pool"]
    pooling: Pooling = Field(description="the largest value under the window, or the mean of its pixels")
    kernel_size: KernelSize = Field(description="in pixels")
    stride: Stride = Field((1, 1), description="one number for both directions, or [vertical, horizontal]")
    padding: Padding | None = Field(None, description="the network's, if absent; padded pixels do not count")


class SameShape(SameFilters):
    """A row that gives the shape that comes in."""

    @property
    def stride(self) -> tuple[int, int]:
        """None: as many pixels go out as come in."""
        return (1, 1)


class Skip(SameShape):
    """No op at all: the choice of an architecture search to leave a row out."""

    type: Literal["skip"]


class MobileAttention(SameShape):
    """Multi-query attention among the pixels, with a shortcut (MobileNetV4's Mobile MQA).

    Norm, then queries, keys and values by 1x1 convolutions; the heads share keys and values.
    """

    type: Literal["mobile_attention"]
    heads: Annotated[int, Field(ge=1, le=1_024)] = Field(description="attention heads")
    key_filters: Filters = Field(64, description="channels of a key, and of a query in each head")
    value_filters: Filters = Field(64, description="channels of a value")
    reduction: Stride = Field(
        (1, 1),
        description="stride of a depthwise convolution with norm before keys and values, which leaves fewer of them; "
        "1: no such convolution",
    )
    kernel_size: KernelSize = Field(3, description="of that convolution, in pixels")
    layer_scale: LayerScale = False
    shortcut: Literal["identity", "none"] = Field("identity", description="the sum with the input, or none")
    padding: Padding | None = Field(None, description="the network's, if absent")
    bias: bool | None = Field(None, description="of the row's convolutions; the network's, if absent")


class Bottleneck(Row):
    """1x1 reduce, full convolution with the stride, 1x1 expand, SE, sum, activation (ResNet, SE-ResNet)."""

    type: Literal["bottleneck"]
    kernel_size: KernelSize = Field(3, description="of the middle convolution, in pixels")
    bottleneck_filters: Filters = Field(description="channels of the first two convolutions")
    groups: ChannelGroups = Field(1, description="groups of the middle convolution (ResNeXt)")
    shortcut: Shortcut = Field("strided_projection", description="as in the other block types")
    se_ratio: SeRatio = None


class BasicBlock(Row):
    """Two full convolutions, the first with the stride, SE, sum, activation (ResNet-18 and -34)."""

    type: Literal["basic_block"]
    kernel_size: KernelSize = Field(3, description="of both convolutions, in pixels")
    shortcut: Shortcut = Field("strided_projection", description="as in the other block types")
    se_ratio: SeRatio = None


class RepVGG(Row):
    """A full convolution, a 1x1 and the input, each with norm, summed; then the activation (RepVGG, as trained)."""

    type: Literal["rep_vgg"]
    kernel_size: KernelSize = Field(3, description="of the full convolution, in pixels")
    groups: ChannelGroups = Field(1, description="groups of both convolutions")
    shortcut: Literal["identity", "none"] = Field(
        "identity", description="identity: where input and output agree, the input behind a norm; none"
    )


class UniversalInvertedBottleneck(Row):
    """Inverted residual with a depthwise convolution before the expansion, after it, at both or neither (MobileNetV4).

    The first one has no activation. The stride is the second one's, or the first one's where there is no second.
    """

    type: Literal["universal_inverted_bottleneck"]
    start_kernel_size: KernelSize | None = Field(None, description="of the depthwise kernel before the expansion")
    middle_kernel_size: KernelSize | None = Field(None, description="of the depthwise kernel after the expansion")
    expand_ratio: Ratio = Field(description="expanded channels / channels in")
    layer_scale: LayerScale = False
    se_ratio: SeRatio = None

    @model_validator(mode="after")
    def _stride_has_a_kernel(self) -> Self:
        if self.stride != (1, 1) and not (self.start_kernel_size or self.middle_kernel_size):
            raise ValueError("a stride needs a depthwise kernel: start_kernel_size or middle_kernel_size")
        return self


class Xception(Row):
    """Pre-activated separable convolutions, max pooling where there is a stride, and a shortcut (Xception)."""

    type: Literal["xception"]
    kernel_size: KernelSize = Field(3, description="of the depthwise kernels and of the pooling, in pixels")
    convolutions: Annotated[int, Field(ge=1, le=16)] = Field(description="separable convolutions in a block")
    widen: Literal["first", "last"] = Field("first", description="which of them goes to the output's channels")
    first_activation: bool = Field(True, description="activation before the first of them")
    shortcut: Shortcut = Field("strided_projection", description="as in the other block types")


DEFAULT_TYPE: Final = "mbconv"
ROW_TYPES: Final[dict[str, type[AnyRow]]] = {
    "mbconv": MBConv,
    "depthwise_separable": DepthwiseSeparable,
    "fused_mbconv": FusedMBConv,
    "conv": Conv,
    "bottleneck": Bottleneck,
    "basic_block": BasicBlock,
    "rep_vgg": RepVGG,
    "universal_inverted_bottleneck": UniversalInvertedBottleneck,
    "mobile_attention": MobileAttention,
    "ghost_bottleneck": GhostBottleneck,
    "xception": Xception,
    "pool": Pool,
    "skip": Skip,
}


def _type_of(row: Any) -> Any:
    return row.get("type", DEFAULT_TYPE) if isinstance(row, dict) else getattr(row, "type", DEFAULT_TYPE)


BlockRow: TypeAlias = Annotated[
    Annotated[MBConv, Tag("mbconv")]
    | Annotated[DepthwiseSeparable, Tag("depthwise_separable")]
    | Annotated[FusedMBConv, Tag("fused_mbconv")]
    | Annotated[Conv, Tag("conv")]
    | Annotated[Bottleneck, Tag("bottleneck")]
    | Annotated[BasicBlock, Tag("basic_block")]
    | Annotated[RepVGG, Tag("rep_vgg")]
    | Annotated[UniversalInvertedBottleneck, Tag("universal_inverted_bottleneck")]
    | Annotated[MobileAttention, Tag("mobile_attention")]
    | Annotated[GhostBottleneck, Tag("ghost_bottleneck")]
    | Annotated[Xception, Tag("xception")]
    | Annotated[Pool, Tag("pool")]
    | Annotated[Skip, Tag("skip")],
    Discriminator(_type_of),
]

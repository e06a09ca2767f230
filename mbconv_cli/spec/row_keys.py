"""The keys that rows of a paper's table have in common."""

from __future__ import annotations

from typing import Annotated, Self, TypeAlias

from pydantic import Field, Strict, model_validator

from mbconv_cli.spec.limits import MAX_SIZE
from mbconv_cli.spec.values import (
    Activation,
    AntiAliasing,
    Dilation,
    Filters,
    Frozen,
    KernelSizes,
    KernelStack,
    Padding,
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
BranchCount: TypeAlias = Annotated[int, Field(ge=1, le=16)]
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


class StridedRow(Row):
    """The keys of block types in which a convolution has the stride."""

    anti_aliasing: AntiAliasing | None = Field(
        None,
        description="what has the stride in the convolution's place, behind its norm and activation: blur, a fixed 3x3 "
        "filter with the border reflected (BlurPool); zero_padded_blur; average, of the pixels that become one",
    )


class DepthwiseRow(StridedRow):
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
    def _one_kernel_is_anti_aliased(self) -> Self:
        if self.anti_aliasing is not None and len(self.kernel_size) > 1:
            raise ValueError("anti_aliasing and several kernel sizes do not go together")
        return self

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


class SameFilters(AnyRow):
    """A row that gives as many channels as come in."""

    output_filters: Filters | None = Field(None, description="channels out; checked against those that come in")


class SameShape(SameFilters):
    """A row that gives the shape that comes in."""

    @property
    def stride(self) -> tuple[int, int]:
        """None: as many pixels go out as come in."""
        return (1, 1)

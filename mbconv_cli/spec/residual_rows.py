"""Rows of ResNet's blocks, and of those whose branches are summed: RepVGG's and Xception's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mbconv_cli.spec.row_keys import BranchCount, ChannelGroups, Row, SeRatio, StridedRow
from mbconv_cli.spec.values import Filters, KernelSize, Shortcut


class Bottleneck(StridedRow):
    """1x1 reduce, full convolution with the stride, 1x1 expand, SE, sum, activation (ResNet, SE-ResNet)."""

    type: Literal["bottleneck"]
    kernel_size: KernelSize = Field(3, description="of the middle convolution, in pixels")
    bottleneck_filters: Filters = Field(description="channels of the first two convolutions")
    groups: ChannelGroups = Field(1, description="groups of the middle convolution (ResNeXt)")
    shortcut: Shortcut = Field("strided_projection", description="as in the other block types")
    se_ratio: SeRatio = None


class BasicBlock(StridedRow):
    """Two full convolutions, the first with the stride, SE, sum, activation (ResNet-18 and -34)."""

    type: Literal["basic_block"]
    kernel_size: KernelSize = Field(3, description="of both convolutions, in pixels")
    shortcut: Shortcut = Field("strided_projection", description="as in the other block types")
    se_ratio: SeRatio = None


class RepVGG(Row):
    """Full convolutions, a 1x1 and the input, each with norm, summed; then SE and activation (RepVGG, as trained)."""

    type: Literal["rep_vgg"]
    kernel_size: KernelSize = Field(3, description="of the full convolutions, in pixels; 1: without a 1x1 beside them")
    branches: BranchCount = Field(1, description="full convolutions that are summed")
    groups: ChannelGroups = Field(1, description="groups of all convolutions")
    shortcut: Literal["identity", "none"] = Field(
        "identity", description="identity: where input and output agree, the input behind a norm; none"
    )
    se_ratio: SeRatio = None


class MobileOne(Row):
    """A sum of depthwise convolutions, then a sum of 1x1 ones, each followed by SE and activation (as trained).

    In both sums are the input behind a norm, where input and output agree, and a 1x1 beside a larger kernel.
    """

    type: Literal["mobile_one"]
    kernel_size: KernelSize = Field(3, description="of the depthwise convolutions, in pixels")
    branches: BranchCount = Field(1, description="full convolutions in each sum")
    shortcut: Literal["identity", "none"] = Field(
        "identity", description="identity: in each sum where input and output agree, the input behind a norm; none"
    )
    se_ratio: SeRatio = None


class Xception(Row):
    """Pre-activated separable convolutions, a stride by max pooling or in the last one, a shortcut (Xception)."""

    type: Literal["xception"]
    kernel_size: KernelSize = Field(3, description="of the depthwise kernels and of the pooling, in pixels")
    convolutions: Annotated[int, Field(ge=1, le=16)] = Field(description="separable convolutions in a block")
    widen: Literal["first", "second", "last"] = Field("first", description="which goes to the output's channels")
    norm_between: bool = Field(False, description="batch norm between the depthwise and the 1x1 convolution, too")
    stride_at: Literal["pooling", "last"] = Field(
        "pooling",
        description="what has the stride: max pooling behind them, or the last depthwise convolution (DeepLab's)",
    )
    first_activation: bool = Field(True, description="activation before the first of them")
    shortcut: Shortcut = Field("strided_projection", description="as in the other block types")

"""Rows of blocks that are wide inside: MBConv, its relatives, and the separable convolution before them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mbconv_cli.spec.row_keys import DepthwiseRow, Groups, LayerScale, Row, SeRatio, StridedRow
from mbconv_cli.spec.values import Filters, KernelSize, Ratio, Shortcut


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


class FusedMBConv(StridedRow):
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


class UniversalInvertedBottleneck(StridedRow):
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

"""Spec: a network as its paper's table gives it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, Strict, model_validator

from mbconv_cli.spec.conventions import Convention
from mbconv_cli.spec.limits import MAX_SIZE
from mbconv_cli.spec.row_keys import Row
from mbconv_cli.spec.rows import BlockRow
from mbconv_cli.spec.values import (
    Activation,
    Filters,
    Frozen,
    Gate,
    KernelSize,
    Padding,
    Peer,
    Ratio,
    Resolution,
    Stride,
    Text,
)


class Input(Frozen):
    """The image that goes in."""

    channels: Filters = Field(3, description="channels of the image")
    resolution: Resolution = Field(description="height and width in pixels; one number for both, or [height, width]")


class Norm(Frozen):
    """Batch normalization, or group normalization, after every convolution of stem, blocks and head."""

    eps: Annotated[float, Field(gt=0, le=1)] = Field(1e-5, description="added to the variance")
    momentum: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="weight of the new batch in the running statistics, as PyTorch counts it"
    )
    scale: bool = Field(True, description="whether it learns a scale; false: a shift alone (TensorFlow's scale=False)")
    groups: Filters | None = Field(None, description="group normalization in so many groups, in place of batch norm")
    group_size: Filters | None = Field(None, description="group normalization in groups of so many channels")

    @model_validator(mode="after")
    def _groups_one_way(self) -> Self:
        if self.groups is not None and self.group_size is not None:
            raise ValueError("groups and group_size exclude each other; keep one")
        if not self.scale and (self.groups or self.group_size):
            raise ValueError("group normalization has a scale; leave `scale` out")
        return self


class SqueezeExcite(Frozen):
    """How squeeze-and-excitation is built in every block whose row has an `se_ratio`."""

    squeeze_from: Literal["input", "expanded", "output"] = Field(
        "input", description="the channels that se_ratio is taken of: the block's input, expanded or output channels"
    )
    rounding: Literal["floor", "nearest"] = Field("floor", description="of the squeezed channels, to a whole number")
    divisor: Filters = Field(1, description="squeezed channels are rounded to a multiple of it")
    round_limit: Annotated[float, Field(ge=0, le=1)] = Field(
        0.9, description="squeezed channels that this would take below this share go up instead"
    )
    activation: Activation | None = Field(None, description="after the squeeze; the row's, if absent")
    expand_activation: Activation = Field("none", description="after the second layer, before the gate")
    gate: Gate = Field("sigmoid", description="what makes a factor of the second layer's output")
    bias: bool = Field(True, description="of both layers")
    place: Literal["depthwise", "project"] = Field(
        "depthwise", description="the convolution that it follows: the depthwise (or fused) one, or the last one"
    )


class MaxPooling(Frozen):
    """Max pooling."""

    kernel_size: KernelSize = Field(3, description="in pixels")
    stride: Stride = Field((2, 2), description="one number for both directions, or [vertical, horizontal]")


FiltersBefore: TypeAlias = Annotated[tuple[Filters, ...], Strict(False), Field(min_length=1, max_length=8)]


class Stem(Frozen):
    """The convolution before the first row, those before it, and the pooling after it, where there are any."""

    kernel_size: KernelSize = Field(3, description="in pixels")
    output_filters: Filters = Field(description="channels out")
    filters_before: FiltersBefore | None = Field(
        None,
        description="channels of convolutions with the same kernel before it, of which the first has the stride in its "
        "place, e.g. [32, 32] (the deep stem of ResNet-D)",
    )
    stride: Stride = Field((2, 2), description="one number for both directions, or [vertical, horizontal]")
    activation: Activation | None = Field(None, description="the network's, if absent")
    padding: Padding | None = Field(None, description="the network's, if absent")
    norm: bool = Field(True, description="batch norm after the convolution")
    bias: bool | None = Field(None, description="of the convolution; the network's, if absent")
    max_pool: MaxPooling | None = Field(None, description="after the convolution (ResNet)")


class Head(Frozen):
    """The 1x1 convolution after the last row."""

    kernel_size: KernelSize = Field(1, description="in pixels")
    output_filters: Filters = Field(description="channels out")
    activation: Activation | None = Field(None, description="the network's, if absent")
    norm: bool = Field(True, description="batch norm after the convolution")
    bias: bool | None = Field(None, description="of the convolution; the network's, if absent")


class Classifier(Frozen):
    """Global average pooling, then fully connected layers."""

    hidden_filters: Filters | None = Field(None, description="width of a layer before the last one (MobileNetV3)")
    hidden_bias: bool = Field(True, description="whether that layer has a bias (FBNetV3's has none)")
    hidden_norm: bool = Field(False, description="whether batch norm follows that layer (MobileNetV4)")
    num_classes: Filters = Field(1000, description="outputs")
    activation: Activation | None = Field(None, description="after the hidden layer; the network's, if absent")


class Scaling(Frozen):
    """Compound scaling (EfficientNet, arXiv:1905.11946, equation 3), and the rules by which families round."""

    width: Ratio = Field(
        1.0, description="factor on filters, rounded to a multiple of the divisor; stem, head and hidden layer as below"
    )
    depth: Ratio = Field(1.0, description="factor on the repeats of a stage")
    resolution: Resolution | None = Field(None, description="in pixels; takes the place of input.resolution")
    divisor: Filters = Field(8, description="scaled filters are a multiple of it")
    round_limit: Annotated[float, Field(ge=0, le=1)] = Field(
        0.9, description="scaled filters that rounding would take below this share go up instead"
    )
    stem: Literal["scaled", "fixed"] = Field("scaled", description="whether the width factor holds for the stem")
    head: Literal["scaled", "fixed", "widened", "ratio"] = Field(
        "scaled",
        description="whether the width factor holds for the head; widened: only where it widens; ratio: the head keeps "
        "its ratio to the last row's filters (torchvision's MobileNetV3: 6)",
    )
    hidden: Literal["scaled", "fixed", "widened"] = Field(
        "fixed", description="the same of the classifier's hidden layer"
    )
    expansion: Literal["filters", "ratio"] = Field(
        "filters", description="whether expanded_filters are scaled, or their ratio to the channels in is kept"
    )
    depth_rounding: Literal["up", "nearest"] = Field("up", description="of the scaled repeats")
    fixed_ends: bool = Field(False, description="the first and the last stage keep their repeats (Lite)")
    compound: Annotated[float, Field(ge=-8, le=16)] | None = Field(
        None,
        description="the coefficient phi: depth is alpha^phi, width beta^phi, resolution the input's times gamma^phi",
    )
    alpha: Ratio | None = Field(None, description="base of the depth factor (EfficientNet: 1.2)")
    beta: Ratio | None = Field(None, description="base of the width factor (EfficientNet: 1.1)")
    gamma: Ratio | None = Field(None, description="base of the resolution's factor (EfficientNet: 1.15)")

    @model_validator(mode="after")
    def _compound_stands_alone(self) -> Self:
        if self.compound is None:
            return self
        if None in (self.alpha, self.beta, self.gamma):
            raise ValueError("compound needs alpha, beta and gamma")
        if (self.width, self.depth, self.resolution) != (1, 1, None):
            raise ValueError("compound gives width, depth and resolution; keep one or the other")
        return self


class Expect(Frozen):
    """What the network must cost, and who says so."""

    params: Annotated[int, Field(ge=0)] | None = Field(None, description="trainable parameters")
    macs: Annotated[int, Field(ge=0)] | None = Field(
        None, description="multiply-accumulates of one image at the file's resolution"
    )
    source: Text | None = Field(None, description="where the two figures come from")
    peer: Peer | None = Field(None, description="the same network elsewhere, as torchvision:NAME or timm:NAME")

    @model_validator(mode="after")
    def _figures_come_together(self) -> Self:
        figures = (self.params, self.macs, self.source)
        if any(figure is None for figure in figures) and not all(figure is None for figure in figures):
            raise ValueError("params, macs and source belong together; give all of them, or `peer` alone")
        if self.params is None and self.peer is None:
            raise ValueError("needs params, macs and source, or a peer")
        return self


class Published(Frozen):
    """How accurate published weights of the network are."""

    top1: Annotated[float, Field(gt=0, le=100)] = Field(description="top-1 accuracy on ImageNet-1k's validation set, %")
    tested_at: Resolution = Field(description="pixels of the test; one number for both, or [height, width]")
    weights: Text = Field(description="the weights' name, e.g. torchvision:efficientnet_b0.IMAGENET1K_V1")
    source: Text = Field(description="where the accuracy is stated")


DESCRIPTIVE_KEYS: Final = ("name", "family", "source", "conventions", "expect", "published")
"""The keys of a Spec that say something about the network and change nothing of it."""


class Spec(Frozen):
    """A network: what the paper says, nothing derived."""

    name: Text = Field(description="the file's name, if absent")
    family: Text | None = Field(None, description="e.g. EfficientNet")
    source: Text | None = Field(None, description="paper and table")
    input: Input = Field(description="the image that goes in")
    conventions: Convention | None = Field(
        None,
        description="a family, for the settings that its tables leave to the code around them; the file's come first",
    )
    activation: Activation = Field("relu", description="after a convolution's norm, where nothing else is said")
    norm: Norm = Field(Norm(), description="batch normalization after every convolution")
    padding: Padding = Field(
        "symmetric", description="symmetric: (kernel_size - 1) / 2 on each side; same: as TensorFlow pads; valid: none"
    )
    bias: bool = Field(False, description="whether the convolutions of stem, rows and head have one, beside the norm")
    output_stride: Annotated[int, Field(ge=1, le=MAX_SIZE)] | None = Field(
        None,
        description="how many pixels of the image one of the last feature map stands for, at most: strides that would "
        "exceed it become dilations, for a backbone of segmentation or detection",
    )
    dilation_start: Literal["next_block", "strided_block"] = Field(
        "next_block",
        description="which block is the first to dilate: the one behind that which gave up its stride (DeepLab, timm), "
        "or that one (torchvision's MobileNetV3)",
    )
    expand_divisor: Filters = Field(1, description="expanded channels are rounded to a multiple of it (MobileNetV3: 8)")
    se: SqueezeExcite = Field(SqueezeExcite(), description="how squeeze-and-excitation is built where a row has it")
    scaling: Scaling = Field(Scaling(), description="width, depth and resolution, and the rules by which they round")
    stem: Stem | None = Field(None, description="the convolution before the first row")
    blocks: Annotated[tuple[BlockRow, ...], Strict(False)] = Field(
        (), max_length=1_000, description="the rows of the table: one stage each"
    )
    head: Head | None = Field(None, description="the convolution after the last row")
    classifier: Classifier | None = Field(None, description="pooling and the fully connected layers")
    expect: Expect | None = Field(None, description="what the network must cost")
    published: Published | None = Field(None, description="how accurate published weights are")

    def filters_into(self, row: int) -> int:
        """The channels that come into a row, by its index, as the table gives them."""
        for before in reversed(self.blocks[:row]):
            if isinstance(before, Row):
                return before.output_filters
        return self.stem.output_filters if self.stem else self.input.channels

    def stages(self) -> tuple[tuple[int, ...], ...]:
        """The rows of each stage, by their indices: a row and those that are joined to it."""
        stages: list[list[int]] = []
        for index, row in enumerate(self.blocks):
            if row.joined and stages:
                stages[-1].append(index)
            else:
                stages.append([index])
        return tuple(map(tuple, stages))

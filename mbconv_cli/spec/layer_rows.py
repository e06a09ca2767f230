"""Rows of one layer, or of none."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mbconv_cli.spec.row_keys import ChannelGroups, SameFilters, SameShape, StridedRow
from mbconv_cli.spec.values import KernelSize, Padding, Pooling, Shortcut, Stride


class Conv(StridedRow):
    """One convolution with norm and activation."""

    type: Literal["conv"]
    kernel_size: KernelSize = Field(description="in pixels: a number, or height x width as 10x4")
    groups: ChannelGroups | Literal["depthwise"] = Field(
        1, description="groups of the channels; depthwise: as many as channels in"
    )
    norm: bool = Field(True, description="batch norm after the convolution")
    shortcut: Shortcut = Field("none", description="as in the other block types")


class Pool(SameFilters):
    """Pooling as a row of its own."""

    type: Literal["pool"]
    pooling: Pooling = Field(
        description="maximum: the largest value under the window; average: the mean of its pixels; blur: their "
        "binomial mean, with the border reflected"
    )
    kernel_size: KernelSize = Field(description="in pixels")
    stride: Stride = Field((1, 1), description="one number for both directions, or [vertical, horizontal]")
    padding: Padding | None = Field(
        None, description="the network's, if absent; padded pixels do not count, unless reflected"
    )


class Skip(SameShape):
    """No op at all: the choice of an architecture search to leave a row out."""

    type: Literal["skip"]

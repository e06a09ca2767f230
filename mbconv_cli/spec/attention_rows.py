"""Rows of attention among the pixels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mbconv_cli.spec.row_keys import LayerScale, SameShape
from mbconv_cli.spec.values import Filters, KernelSize, Padding, Stride


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

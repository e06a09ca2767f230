"""The rows of a paper's table: one model per block type, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from mbconv_cli.spec.values import Activation, Filters, Frozen, KernelSize, Ratio, Repeat, Shortcut, Stride

SeRatio: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class Row(Frozen):
    """What every block type can say. A row is a stage: `num_repeat` blocks, the first of which has the stride."""

    kernel_size: KernelSize = Field(description="extent of the depthwise kernel, in pixels")
    num_repeat: Repeat = Field(1, description="blocks in this stage")
    input_filters: Filters | None = Field(None, description="channels in; checked against the row before")
    output_filters: Filters = Field(description="channels out")
    stride: Stride = Field((1, 1), description="stride of the stage's first block; the others have 1")
    se_ratio: SeRatio | None = Field(None, description="squeeze-and-excitation: squeezed / unsqueezed channels")
    activation: Activation | None = Field(None, description="the network's, if absent")
    shortcut: Shortcut = Field(
        "identity",
        description="identity: where input and output agree; projection: also a 1x1 convolution where the channels "
        "differ at stride 1; none",
    )


class MBConv(Row):
    """Inverted residual: 1x1 expand, depthwise, SE, 1x1 project (MobileNetV2, MnasNet, MobileNetV3, EfficientNet)."""

    type: Literal["mbconv"] = "mbconv"
    expand_ratio: Ratio | None = Field(None, description="expanded channels / channels in")
    expanded_filters: Filters | None = Field(None, description="expanded channels, as MobileNetV3's table gives them")

    @model_validator(mode="after")
    def _expands_one_way(self) -> Self:
        if self.expand_ratio is None and self.expanded_filters is None:
            raise ValueError("needs either expand_ratio or expanded_filters")
        if self.expand_ratio is not None and self.expanded_filters is not None:
            raise ValueError("expand_ratio and expanded_filters exclude each other; keep one")
        return self


class DepthwiseSeparable(Row):
    """Depthwise convolution, then 1x1 (MobileNetV1; MnasNet's SepConv has no activation after the 1x1)."""

    type: Literal["depthwise_separable"]
    shortcut: Shortcut = Field("none", description="as in the other block types; MobileNetV1 has none")
    activation_between: bool = Field(True, description="activation between the two convolutions")
    activation_after: bool = Field(True, description="activation after the 1x1 convolution")


DEFAULT_TYPE: Final = "mbconv"
ROW_TYPES: Final[dict[str, type[Row]]] = {"mbconv": MBConv, "depthwise_separable": DepthwiseSeparable}


def _type_of(row: Any) -> Any:
    return row.get("type", DEFAULT_TYPE) if isinstance(row, dict) else getattr(row, "type", DEFAULT_TYPE)


BlockRow: TypeAlias = Annotated[
    Annotated[MBConv, Tag("mbconv")] | Annotated[DepthwiseSeparable, Tag("depthwise_separable")],
    Discriminator(_type_of),
]

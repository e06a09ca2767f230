"""The rows of a paper's table: one model per block type, distinguished by `type`."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import Discriminator, Tag

from mbconv_cli.spec.attention_rows import MobileAttention
from mbconv_cli.spec.inverted_residual_rows import (
    DepthwiseSeparable,
    FusedMBConv,
    GhostBottleneck,
    MBConv,
    UniversalInvertedBottleneck,
)
from mbconv_cli.spec.layer_rows import Conv, Pool, Skip
from mbconv_cli.spec.residual_rows import BasicBlock, Bottleneck, MobileOne, RepVGG, Xception
from mbconv_cli.spec.row_keys import AnyRow

DEFAULT_TYPE: Final = "mbconv"
ROW_TYPES: Final[dict[str, type[AnyRow]]] = {
    "mbconv": MBConv,
    "depthwise_separable": DepthwiseSeparable,
    "fused_mbconv": FusedMBConv,
    "conv": Conv,
    "bottleneck": Bottleneck,
    "basic_block": BasicBlock,
    "rep_vgg": RepVGG,
    "mobile_one": MobileOne,
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
    | Annotated[MobileOne, Tag("mobile_one")]
    | Annotated[UniversalInvertedBottleneck, Tag("universal_inverted_bottleneck")]
    | Annotated[MobileAttention, Tag("mobile_attention")]
    | Annotated[GhostBottleneck, Tag("ghost_bottleneck")]
    | Annotated[Xception, Tag("xception")]
    | Annotated[Pool, Tag("pool")]
    | Annotated[Skip, Tag("skip")],
    Discriminator(_type_of),
]

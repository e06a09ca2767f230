"""The values that a spec's keys take: sizes, ratios, names, with their bounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema

MAX_SIZE = 1_048_576
MAX_RESOLUTION = 65_536
MAX_KERNEL_SIZE = 255
MAX_REPEAT = 1_000


class Frozen(BaseModel):
    """The base of all spec models: immutable, and strict about keys and types."""

    # Only the whole Spec validates, so no part of it builds a validator of its own: that would take as long again.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


def _pair(value: Any) -> Any:
    """One number for both directions, or `[vertical, horizontal]`."""
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise ValueError("should be one integer, or two: [vertical, horizontal]")
        return tuple(value)
    return (value, value)


def _pair_schema(maximum: int) -> dict[str, Any]:
    size = {"type": "integer", "minimum": 1, "maximum": maximum}
    return {"oneOf": [size, {"type": "array", "items": size, "minItems": 2, "maxItems": 2}]}


def _one_or_more(value: Any) -> Any:
    """One kernel size for all channels, or a list: the channels are split evenly among them (MixNet)."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _kernel_sizes_schema() -> dict[str, Any]:
    size = {"type": "integer", "minimum": 1, "maximum": MAX_KERNEL_SIZE}
    return {"oneOf": [size, {"type": "array", "items": size, "minItems": 1, "maxItems": 8}]}


Filters: TypeAlias = Annotated[int, Field(ge=1, le=MAX_SIZE)]
KernelSize: TypeAlias = Annotated[int, Field(ge=1, le=MAX_KERNEL_SIZE)]
Repeat: TypeAlias = Annotated[int, Field(ge=1, le=MAX_REPEAT)]
KernelSizes: TypeAlias = Annotated[
    tuple[KernelSize, ...],
    BeforeValidator(_one_or_more),
    Field(min_length=1, max_length=8),
    WithJsonSchema(_kernel_sizes_schema()),
]
KernelStack: TypeAlias = Annotated[tuple[KernelSize, ...], Strict(False), Field(min_length=2, max_length=16)]
Ratio: TypeAlias = Annotated[float, Field(gt=0, le=1_000)]
_Step = Annotated[int, Field(ge=1, le=MAX_KERNEL_SIZE)]
_Extent = Annotated[int, Field(ge=1, le=MAX_RESOLUTION)]
Stride: TypeAlias = Annotated[
    tuple[_Step, _Step], BeforeValidator(_pair), WithJsonSchema(_pair_schema(MAX_KERNEL_SIZE))
]
Resolution: TypeAlias = Annotated[
    tuple[_Extent, _Extent], BeforeValidator(_pair), WithJsonSchema(_pair_schema(MAX_RESOLUTION))
]

# Text that is printed to terminals, so no control characters.
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]

Activation: TypeAlias = Literal["none", "relu", "relu6", "swish", "hard_swish", "sigmoid", "hard_sigmoid"]
Gate: TypeAlias = Literal["sigmoid", "hard_sigmoid"]
Padding: TypeAlias = Literal["symmetric", "same", "valid"]
Shortcut: TypeAlias = Literal["identity", "projection", "strided_projection", "none"]
Peer: TypeAlias = Annotated[str, Field(pattern=r"^(torchvision|timm):[A-Za-z0-9_.]+$")]

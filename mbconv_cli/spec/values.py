"""The values that a spec's keys take: sizes, ratios, names, with their bounds."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    PlainSerializer,
    Strict,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
)
from pydantic_core import core_schema

from mbconv_cli.spec.limits import MAX_KERNEL_SIZE, MAX_REPEAT, MAX_RESOLUTION, MAX_SIZE


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


_RECTANGLE: Final = re.compile(r"([1-9][0-9]{0,2})x([1-9][0-9]{0,2})")
MIXED: Final = "mixed"
"""The key of kernels that share the channels."""


class Rectangle(NamedTuple):
    """A kernel that is not square, in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"


def _rectangle(value: Any, check_side: ValidatorFunctionWrapHandler) -> Any:
    """`3` for a square kernel, `3x5` for one of 3 rows and 5 columns."""
    if isinstance(value, Rectangle):
        return value
    if not isinstance(value, str):
        return check_side(value)
    match = _RECTANGLE.fullmatch(value)
    if not match:
        raise ValueError("should be a whole number, or height x width as 3x5")
    height, width = (check_side(int(side)) for side in match.groups())
    return height if height == width else Rectangle(height, width)


def _one_or_more(value: Any) -> Any:
    """One kernel for all channels, or a list: the channels are split among them (MixNet).

    Two numbers in a list would be a kernel's height and width to some readers.
    """
    match value:
        case {"mixed": list(sizes)} if len(value) == 1:
            return tuple(sizes)
        case dict():
            raise ValueError("should be a number, a kernel as 3x5, or {mixed: [3, 5, 7]}")
        case [one, other] if isinstance(value, list):
            raise ValueError(
                f"could be one kernel or two; write {one}x{other} for one of that height and width, "
                f"{{{MIXED}: [{one}, {other}]}} for two that share the channels"
            )
    return tuple(value) if isinstance(value, list | tuple) else (value,)


_SIDE_SCHEMA: Final[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": MAX_KERNEL_SIZE}
_KERNEL_SCHEMA: Final[dict[str, Any]] = {
    "oneOf": [_SIDE_SCHEMA, {"type": "string", "pattern": f"^{_RECTANGLE.pattern}$", "description": "height x width"}]
}


def _kernel_sizes_schema() -> dict[str, Any]:
    def kernels(fewest: int) -> dict[str, Any]:
        return {"type": "array", "items": _KERNEL_SCHEMA, "minItems": fewest, "maxItems": 8}

    of_several = {**kernels(1), "description": "kernels that share the channels"}
    mixed = {"type": "object", "properties": {MIXED: of_several}, "required": [MIXED], "additionalProperties": False}
    return {"oneOf": [*_KERNEL_SCHEMA["oneOf"], kernels(3), {**kernels(1), "maxItems": 1}, mixed]}


def sides(kernel_size: int | Rectangle) -> tuple[int, int]:
    """The (height, width) of a kernel, as a plain pair: ops and what is written of them know no spec."""
    if isinstance(kernel_size, Rectangle):
        return (kernel_size.height, kernel_size.width)
    return (kernel_size, kernel_size)


def kernel_text(kernel_size: int | Rectangle) -> str:
    """A kernel as tables print it, height first: `3x5`."""
    return "x".join(map(str, sides(kernel_size)))


def written_kernel(kernel_size: int | Rectangle) -> int | str:
    """A kernel as a file has it."""
    return str(kernel_size) if isinstance(kernel_size, Rectangle) else kernel_size


def written_kernels(kernel_sizes: tuple[int | Rectangle, ...]) -> Any:
    """One kernel, or mixed ones, as a file has them."""
    written = [written_kernel(kernel_size) for kernel_size in kernel_sizes]
    match written:
        case [one]:
            return one
        case [_, _]:
            return {MIXED: written}
    return written


Filters: TypeAlias = Annotated[int, Field(ge=1, le=MAX_SIZE)]
SquareKernel: TypeAlias = Annotated[int, Field(ge=1, le=MAX_KERNEL_SIZE)]
KernelSize: TypeAlias = Annotated[
    int | Rectangle,
    GetPydanticSchema(
        lambda _, handler: core_schema.no_info_wrap_validator_function(_rectangle, handler(SquareKernel))
    ),
    PlainSerializer(written_kernel, when_used="json"),
    WithJsonSchema(_KERNEL_SCHEMA),
]
"""A kernel's side where it is square, else its height and width."""
Repeat: TypeAlias = Annotated[int, Field(ge=1, le=MAX_REPEAT)]
KernelSizes: TypeAlias = Annotated[
    tuple[KernelSize, ...],
    BeforeValidator(_one_or_more),
    Field(min_length=1, max_length=8),
    PlainSerializer(written_kernels, when_used="json"),
    WithJsonSchema(_kernel_sizes_schema()),
]
KernelStack: TypeAlias = Annotated[tuple[SquareKernel, ...], Strict(False), Field(min_length=2, max_length=16)]
Ratio: TypeAlias = Annotated[float, Field(gt=0, le=1_000)]
_Step = Annotated[int, Field(ge=1, le=MAX_KERNEL_SIZE)]
_Extent = Annotated[int, Field(ge=1, le=MAX_RESOLUTION)]
Stride: TypeAlias = Annotated[
    tuple[_Step, _Step], BeforeValidator(_pair), WithJsonSchema(_pair_schema(MAX_KERNEL_SIZE))
]
Dilation: TypeAlias = Stride
Resolution: TypeAlias = Annotated[
    tuple[_Extent, _Extent], BeforeValidator(_pair), WithJsonSchema(_pair_schema(MAX_RESOLUTION))
]

# Text that is printed to terminals, so no control characters.
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]

Activation: TypeAlias = Literal[
    "none",
    "relu",
    "relu6",
    "leaky_relu",
    "prelu",
    "elu",
    "swish",
    "hard_swish",
    "mish",
    "gelu",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
]
Gate: TypeAlias = Literal["sigmoid", "hard_sigmoid"]
Padding: TypeAlias = Literal["symmetric", "same", "valid"]
Shortcut: TypeAlias = Literal["identity", "projection", "strided_projection", "pooled_projection", "none"]
Pooling: TypeAlias = Literal["maximum", "average", "blur"]
AntiAliasing: TypeAlias = Literal["blur", "zero_padded_blur", "average"]
Peer: TypeAlias = Annotated[str, Field(pattern=r"^(torchvision|timm):[A-Za-z0-9_.]+$")]

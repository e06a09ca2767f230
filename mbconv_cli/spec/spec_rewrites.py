"""Spec -> Spec: the changes by which networks of this family differ from each other, one function each.

Each gives back an equal Spec where a network has nothing of what it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from mbconv_cli.spec.inverted_residual_rows import MBConv
from mbconv_cli.spec.row_keys import AnyRow, DepthwiseRow, Row
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.values import Activation

RowModel = TypeVar("RowModel", bound=AnyRow)
KERNEL_KEYS: Final = ("kernel_size", "start_kernel_size", "middle_kernel_size")
"""The keys of rows that hold kernel sizes."""


def map_rows(spec: Spec, change: Callable[[Row], Row]) -> Spec:
    """The Spec with every row of convolutions changed."""
    rows = tuple(change(row) if isinstance(row, Row) else row for row in spec.blocks)
    return spec.model_copy(update={"blocks": rows})


def without_squeeze_excite(spec: Spec) -> Spec:
    """No squeeze-and-excitation in any row."""
    return map_rows(spec, lambda row: _updated(row, se_ratio=None) if getattr(row, "se_ratio", None) else row)


def with_kernel(spec: Spec, old: int, new: int) -> Spec:
    """Every old x old kernel of a row as new x new, whichever key says it, and no stack in its place."""

    def change(row: Row) -> Row:
        found = {key: getattr(row, key, None) for key in KERNEL_KEYS}
        changed = {key: _resized(size, old, new) for key, size in found.items() if size is not None}
        if all(changed[key] == found[key] for key in changed):
            return row
        stack = {"depthwise_stack": None} if isinstance(row, DepthwiseRow) else {}
        return _updated(row, **changed, **stack)

    return map_rows(spec, change)


def _resized(size: Any, old: int, new: int) -> Any:
    """One kernel size, or several of mixed kernels."""
    if isinstance(size, tuple):
        return tuple(new if one == old else one for one in size)
    return new if size == old else size


def with_stack(spec: Spec, kernel: int, stack: tuple[int, ...]) -> Spec:
    """Every depthwise kernel x kernel as a stack of smaller ones that spans as much; mixed kernels stay."""

    def change(row: Row) -> Row:
        if isinstance(row, DepthwiseRow) and row.kernel_size == (kernel,) and row.depthwise_stack is None:
            return _updated(row, depthwise_stack=stack)
        return row

    return map_rows(spec, change)


def without_stack(spec: Spec, stack: tuple[int, ...]) -> Spec:
    """Every such stack as the one kernel that it stands for."""

    def change(row: Row) -> Row:
        if isinstance(row, DepthwiseRow) and row.depthwise_stack == stack:
            return _updated(row, depthwise_stack=None)
        return row

    return map_rows(spec, change)


def with_expand_ratio(spec: Spec, old: float, new: float) -> Spec:
    """Every row that expands by the old ratio expands by the new one, whether it gives a ratio or the channels."""

    def change(index: int, row: AnyRow) -> AnyRow:
        if getattr(row, "expand_ratio", None) == old:
            return _updated(row, expand_ratio=new)
        expanded = getattr(row, "expanded_filters", None)
        if expanded is not None and expanded == old * spec.filters_into(index):
            return _updated(row, expand_ratio=new, expanded_filters=None)
        return row

    return spec.model_copy(update={"blocks": tuple(change(index, row) for index, row in enumerate(spec.blocks))})


def with_activation(spec: Spec, old: tuple[Activation, ...], new: Activation) -> Spec:
    """The new activation wherever the network says one of the old ones: in all sections and rows."""

    def changed(value: Any, key: str) -> Any:
        if isinstance(value, Mapping):
            return {inner: changed(below, inner) for inner, below in value.items()}
        if key == "blocks":
            return [changed(row, "") for row in value]
        return new if key.endswith("activation") and value in old else value

    return Spec.model_validate(changed(spec.model_dump(), ""))


def of_one_block(spec: Spec, expand_ratio: float, kernel_size: int) -> Spec:
    """The same MBConv without SE in every row; widths, repeats and strides stay.

    Tan et al., arXiv:1807.11626, on layer diversity: variants of MnasNet-A1 that repeat a single type of layer.
    """

    def change(row: Row) -> Row:
        return MBConv(
            kernel_size=(kernel_size,),
            expand_ratio=expand_ratio,
            num_repeat=row.num_repeat,
            joined=row.joined,
            input_filters=row.input_filters,
            output_filters=row.output_filters,
            stride=row.stride,
        )

    return map_rows(spec, change)


def _updated(row: RowModel, **values: Any) -> RowModel:
    return row.model_copy(update=values)

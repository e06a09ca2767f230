"""Spec -> Spec: strides given up for dilation, so that a backbone's last feature map keeps its resolution.

Chen et al., arXiv:1606.00915, section 3.1; where the dilation begins, as in timm (timm/models/_efficientnet_builder.py)
or in torchvision (torchvision/models/mobilenetv3.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from mbconv_cli.spec.row_keys import Row, SameShape
from mbconv_cli.spec.rows import BlockRow
from mbconv_cli.spec.spec import Spec

Pair: TypeAlias = tuple[int, int]


class StemStrideError(ValueError):
    """The stem alone exceeds the output stride."""


def dilated(spec: Spec) -> Spec:
    """The Spec with the strides and dilations that its output stride asks for; itself where it names none.

    From the first row on whose stride would exceed it, strides become 1 and the kernels behind dilate by what the
    strides were, in each direction for itself.

    Raises:
        StemStrideError: the stem alone exceeds it; the stem's strides stay.
    """
    if spec.output_stride is None:
        return spec
    reached = _stem_stride(spec)
    if max(reached) > spec.output_stride:
        raise StemStrideError(f"the stem's stride is {max(reached)}; an output stride is at least that")
    dilation = (1, 1)
    rows: list[BlockRow] = []
    for row in spec.blocks:
        wanted = _product(reached, row.stride)
        given_up = [stride > spec.output_stride for stride in wanted]
        behind = _chosen(given_up, _product(dilation, row.stride), dilation)
        first = behind if spec.dilation_start == "strided_block" else dilation
        rows.append(_rewritten(row, _chosen(given_up, (1, 1), row.stride), first, behind))
        reached, dilation = _chosen(given_up, reached, wanted), behind
    return spec.model_copy(update={"blocks": tuple(rows), "output_stride": None})


def _rewritten(row: BlockRow, stride: Pair, first: Pair, behind: Pair) -> BlockRow:
    if isinstance(row, SameShape):
        return row
    changed: dict[str, object] = {"stride": stride}
    if isinstance(row, Row):
        changed["dilation"] = _product(row.dilation, behind)
        of_first = _product(row.first_dilation or row.dilation, first)
        changed["first_dilation"] = None if of_first == changed["dilation"] else of_first
    return row.model_copy(update=changed)


def _stem_stride(spec: Spec) -> Pair:
    if spec.stem is None:
        return (1, 1)
    return _product(spec.stem.stride, spec.stem.max_pool.stride) if spec.stem.max_pool else spec.stem.stride


def _product(one: Pair, other: Pair) -> Pair:
    return (one[0] * other[0], one[1] * other[1])


def _chosen(given_up: Sequence[bool], then: Pair, otherwise: Pair) -> Pair:
    """In each direction the one value where the stride is given up, else the other."""
    vertical, horizontal = given_up
    return (then[0] if vertical else otherwise[0], then[1] if horizontal else otherwise[1])

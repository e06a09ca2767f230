"""Plan -> Plan: parallel convolutions of one value and their sum as one convolution (RepVGG's re-parameterization).

Ding et al., arXiv:2101.03697: a smaller kernel is a larger one with zeros around it, a norm with
fixed statistics and the value itself are 1x1 kernels, and kernels of one value that are summed are one kernel.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from mbconv_cli.plan.op_kinds import Add, BatchNorm, Conv2d, Kind
from mbconv_cli.plan.ops import Op, Plan, Value


class Branch(NamedTuple):
    """A summand.

    Attributes:
        name: of its convolution or norm; empty for the value itself.
        corner: where its kernel lies in that of the sum, (vertical, horizontal).
    """

    name: str
    corner: tuple[int, int]


class ParallelSum(NamedTuple):
    """A sum that is one convolution.

    Attributes:
        whole: the convolution, under the name of the largest of those that it stands for.
        branches: what it sums.
        replaced: the names of all ops that it stands for.
        result: the name of the last of them, which others read.
    """

    whole: Op
    branches: tuple[Branch, ...]
    replaced: frozenset[str]
    result: str


def parallel_sums(plan: Plan) -> tuple[ParallelSum, ...]:
    """The sums of a Plan that are one convolution each, the largest where one holds another; norms folded before."""
    makers = {op.name: op for op in plan.ops}
    readers = Counter(value.name for op in plan.ops for value in op.inputs)
    found: list[ParallelSum] = []
    taken: set[str] = set()
    for op in reversed(plan.ops):
        if isinstance(op.kind, Add) and op.name not in taken:
            summed = _parallel_sum(op, makers, readers)
            if summed:
                found.append(summed)
                taken |= summed.replaced
    return tuple(reversed(found))


def merge_parallel_sums(plan: Plan) -> Plan:
    """The Plan with one convolution for each of its `parallel_sums`."""
    sums = parallel_sums(plan)
    wholes = {one.result: one.whole for one in sums}
    gone = {name for one in sums for name in one.replaced}
    stands_for = {one.result: one.whole.output for one in sums}
    ops: list[Op] = []
    for op in plan.ops:
        kept = wholes.get(op.name, op)
        if op.name in wholes or op.name not in gone:
            inputs = tuple(stands_for.get(value.name, value) for value in kept.inputs)
            ops.append(kept._replace(inputs=inputs))
    return replace(plan, ops=tuple(ops))


def _parallel_sum(last: Op, makers: Mapping[str, Op], readers: Mapping[str, int]) -> ParallelSum | None:
    """What a sum, with those that it sums, comes to; None where it is no convolution."""
    sums = list(_sums(last, makers, readers))
    names = {op.name for op in sums}
    summands = [value for op in sums for value in op.inputs if value.name not in names]
    linear = {op.name: op for value in summands if (op := _made_for(value, makers, readers, (Conv2d, BatchNorm)))}
    convolutions = [op for op in linear.values() if isinstance(op.kind, Conv2d)]
    sources = {linear[value.name].inputs[0] if value.name in linear else value for value in summands}
    if not convolutions or len(sources) != 1:
        return None
    whole = max(convolutions, key=lambda op: math.prod(op.kind.kernel_size) if isinstance(op.kind, Conv2d) else 0)
    corners = [_corner(linear.get(value.name), whole) for value in summands]
    branches = tuple(
        Branch(value.name if value.name in linear else "", corner)
        for value, corner in zip(summands, corners, strict=True)
        if corner is not None
    )
    if len(branches) < len(summands):
        return None
    assert isinstance(whole.kind, Conv2d)
    merged = whole._replace(kind=replace(whole.kind, bias=True), inputs=(sources.pop(),))
    return ParallelSum(merged, branches, frozenset(names | linear.keys()), last.name)


def _sums(last: Op, makers: Mapping[str, Op], readers: Mapping[str, int]) -> Iterator[Op]:
    """A sum, and the sums that it alone reads."""
    yield last
    for value in last.inputs:
        before = _made_for(value, makers, readers, (Add,))
        if before:
            yield from _sums(before, makers, readers)


def _made_for(
    value: Value, makers: Mapping[str, Op], readers: Mapping[str, int], kinds: tuple[type[Kind], ...]
) -> Op | None:
    """The op of one of these kinds that makes a value for one reader alone."""
    maker = makers.get(value.name)
    return maker if maker and isinstance(maker.kind, kinds) and readers[value.name] == 1 else None


def _corner(branch: Op | None, whole: Op) -> tuple[int, int] | None:
    """Where a branch's kernel lies in the largest one, so that both read the same pixels; None where they do not.

    Args:
        branch: a convolution or a norm; the value itself if absent.
        whole: the branch with the largest kernel.
    """
    kind = whole.kind
    assert isinstance(kind, Conv2d)
    small = branch.kind if branch and isinstance(branch.kind, Conv2d) else _point(kind)
    if (small.in_channels, small.out_channels, small.stride, small.groups) != (
        kind.in_channels, kind.out_channels, kind.stride, kind.groups,
    ):  # fmt: skip
        return None
    corner: list[int] = []
    for axis in (0, 1):
        step, size, most = kind.dilation[axis], small.kernel_size[axis], kind.kernel_size[axis]
        first, rest = divmod(kind.padding[2 * axis] - small.padding[2 * axis], step)
        apart = size == 1 or small.dilation[axis] == step
        if rest or not apart or not 0 <= first <= most - size:
            return None
        corner.append(first)
    return corner[0], corner[1]


def _point(kind: Conv2d) -> Conv2d:
    """A norm, or nothing at all, as the 1x1 convolution that it is: of a stride of one, channel by channel."""
    return Conv2d(kind.in_channels, kind.in_channels, (1, 1), groups=kind.groups)

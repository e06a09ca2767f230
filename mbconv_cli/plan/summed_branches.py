"""Convolutions of one value, each with norm, and their sum, which RepVGG and MobileOne train in place of one.

Ding et al., arXiv:2101.03697, figure 2 (B), and Vasu et al., arXiv:2206.04040, figure 3. The branches run in timm's
order, so that both are compared op by op.
"""

from __future__ import annotations

from dataclasses import dataclass

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.op_kinds import Add
from mbconv_cli.plan.ops import Role, Value
from mbconv_cli.plan.parts import Place, Style, convolution, normalize
from mbconv_cli.plan.shapes import ShapeError
from mbconv_cli.spec.values import KernelSize, sides


@dataclass(frozen=True, slots=True)
class Branches:
    """What is summed.

    Attributes:
        kernel_size: of the full convolutions; a 1x1 one stands beside them where it is larger.
        full: how many full convolutions.
        groups: of all of them.
        identity: whether the value itself behind a norm is summed, too, where the shapes agree.
        identity_role: of that norm and its sum.
    """

    kernel_size: KernelSize
    full: int
    groups: int
    identity: bool
    identity_role: Role


def sum_branches(block: BlockDraft, role: Role, x: Value, style: Style, branches: Branches, place: Place) -> Value:
    """The sum of all branches; a convolution with norm where there is but one.

    Raises:
        ShapeError: without padding the kernels give maps of different sizes.
    """
    keeps_input = branches.identity and place.stride == (1, 1) and x.channels == place.output_filters
    apart = "identity." if branches.identity_role == role else ""
    identity = normalize(block, branches.identity_role, x, style.norm, apart) if keeps_input else None
    y: Value | None = None
    for part, kernel_size in _convolutions(branches):
        branch = convolution(
            block,
            role,
            x,
            style,
            place.output_filters,
            kernel_size=kernel_size,
            stride=place.stride,
            dilation=place.dilation,
            groups=branches.groups,
            part=part,
        )
        y = branch if y is None else _added(block, role, y, branch, "add" if branches.full == 1 else f"{part}add")
    assert y is not None
    return y if identity is None else _added(block, branches.identity_role, y, identity, f"{apart}add")


def _convolutions(branches: Branches) -> list[tuple[str, KernelSize]]:
    """The name of each convolution in the block, and its kernel."""
    full = [(f"{index}." if branches.full > 1 else "", branches.kernel_size) for index in range(branches.full)]
    return full if sides(branches.kernel_size) == (1, 1) else [("point.", 1), *full]


def _added(block: BlockDraft, role: Role, y: Value, branch: Value, leaf: str) -> Value:
    if y.shape != branch.shape:
        sizes = " and ".join(f"{value.shape[1]}x{value.shape[2]}" for value in (y, branch))
        raise ShapeError(f"the branches give {sizes} pixels; a sum of them needs padding")
    return block.add(role, leaf, Add(), y, branch)

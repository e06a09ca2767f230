"""Which planner draws which row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mbconv_cli.plan.blocks import depthwise_separable, mbconv
from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.spec.network import Spec
from mbconv_cli.spec.rows import DepthwiseSeparable, MBConv, Row


@dataclass(frozen=True, slots=True)
class BlockType:
    """A block type.

    Attributes:
        name: in a count, e.g. `16 MBConv`.
        describe: row -> the operator as tables print it.
        plan: (block, row, spec, x, output_filters, stride) -> what comes out.
    """

    name: str
    describe: Callable[[Any], str]
    plan: Callable[[BlockDraft, Any, Spec, Value, int, tuple[int, int]], Value]


BLOCK_TYPES: Final[dict[type[Row], BlockType]] = {
    MBConv: BlockType(mbconv.BLOCK_TYPE, mbconv.describe_mbconv, mbconv.plan_mbconv),
    DepthwiseSeparable: BlockType(
        depthwise_separable.BLOCK_TYPE,
        depthwise_separable.describe_depthwise_separable,
        depthwise_separable.plan_depthwise_separable,
    ),
}

"""Pooling as a row of a table."""

from __future__ import annotations

from mbconv_cli.plan.draft import BlockDraft
from mbconv_cli.plan.ops import Value
from mbconv_cli.plan.parts import Place, pool
from mbconv_cli.spec.layer_rows import Pool
from mbconv_cli.spec.spec import Spec
from mbconv_cli.spec.values import Pooling

NAMES: dict[Pooling, str] = {"maximum": "MaxPool", "average": "AvgPool", "blur": "BlurPool"}


def plan_pool(block: BlockDraft, row: Pool, spec: Spec, x: Value, place: Place) -> Value:
    """Add the one op; the channels stay."""
    return pool(block, "pooling", x, row.pooling, row.kernel_size, place.stride, row.padding or spec.padding)


def describe_pool(row: Pool) -> str:
    """The kind of pooling, without kernel."""
    return NAMES[row.pooling]

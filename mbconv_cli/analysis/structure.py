"""How is a network built? Its stage table as the paper prints it, and one line of structure."""

from __future__ import annotations

from collections import Counter

from mbconv_cli.analysis.networks import OpenNetwork, provenance
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.ops import Block, Conv2d, GlobalAvgPool, Linear, Plan
from mbconv_cli.report.model import Column, Priority, Report, Row, Section
from mbconv_cli.units import PIXEL

COLUMNS = (
    Column("stage", priority=Priority.CONTEXT),
    Column("operator"),
    Column("resolution", PIXEL),
    Column("channels"),
    Column("repeats"),
    Column("stride"),
)
COUNTED_OUTSIDE_BLOCKS = (
    (Conv2d, "convolution", "convolutions"),
    (GlobalAvgPool, "global average pooling", "global average poolings"),
    (Linear, "fully connected layer", "fully connected layers"),
)


def structure(network: OpenNetwork) -> Report:
    """The stage table (input resolution, output channels), and what the network consists of."""
    plan = network.plan
    cost = total(plan_costs(plan))
    stages: dict[str, list[Block]] = {}
    for block in plan.blocks:
        stages.setdefault(block.stage, []).append(block)
    rows = tuple(_row(stage, blocks) for stage, blocks in stages.items())
    notes = [structure_line(plan)]
    if network.spec.source:
        notes.append(f"source: {network.spec.source}")
    return Report(
        "structure",
        provenance(network.spec),
        network.subject(),
        {"params": cost.params, "macs": cost.macs, "flops": cost.flops},
        {"stages": Section(COLUMNS, rows)},
        tuple(notes),
    )


def structure_line(plan: Plan) -> str:
    """What a network consists of, counted from its Plan: blocks by type, and layers outside of them by kind."""
    parts = [f"{count} {name}" for name, count in Counter(b.block_type for b in plan.blocks if b.block_type).items()]
    in_blocks = {block.name for block in plan.blocks if block.block_type}
    for kind, singular, plural in COUNTED_OUTSIDE_BLOCKS:
        count = sum(isinstance(op.kind, kind) and op.block not in in_blocks for op in plan.ops)
        if count:
            parts.append(f"{count} {singular if count == 1 else plural}")
    return " + ".join(parts)


def _row(stage: str, blocks: list[Block]) -> Row:
    first, last = blocks[0], blocks[-1]
    vertical, horizontal = first.stride
    return {
        "stage": stage,
        "operator": first.operator,
        "resolution": first.input_shape[1:],
        "channels": last.output_shape[0],
        "repeats": len(blocks),
        "stride": vertical if vertical == horizontal else (vertical, horizontal),
    }

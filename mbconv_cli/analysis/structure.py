"""How is a network built? Its stage table as the paper prints it, and one line of structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby

from mbconv_cli.analysis.networks import OpenNetwork, extent_text
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.analysis.scaling_table import scaling_note, scaling_section
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.cost.receptive_field import receptive_field
from mbconv_cli.errors import InputError
from mbconv_cli.plan.op_kinds import Activation, Conv2d, GlobalAvgPool, Kind, Linear, PReLU
from mbconv_cli.plan.ops import Block, Plan
from mbconv_cli.plan.planner import effective
from mbconv_cli.report.model import Column, Priority, Report, Row, Section
from mbconv_cli.units import PIXEL

COLUMNS = (
    Column("stage", priority=Priority.CONTEXT),
    Column("operator"),
    Column("resolution", PIXEL, priority=Priority.DETAIL),
    Column("channels", priority=Priority.CONTEXT),
    Column("activation", priority=Priority.DETAIL),
    Column("repeats", priority=Priority.DETAIL),
    Column("stride", priority=Priority.CONTEXT),
)
COUNTED_OUTSIDE_BLOCKS = (
    (Conv2d, "convolution", "convolutions"),
    (GlobalAvgPool, "global average pooling", "global average poolings"),
    (Linear, "fully connected layer", "fully connected layers"),
)


def structure(network: OpenNetwork, *, with_scaling: bool = False) -> Report:
    """The stage table (input resolution, output channels), and what the network consists of.

    Args:
        network: which.
        with_scaling: whether to show what the width and depth factors make of each row, too.
    """
    plan = network.plan
    cost = total(plan_costs(plan))
    runs = [list(blocks) for _, blocks in groupby(plan.blocks, key=lambda block: (block.stage, block.row))]
    rows_of_stage = Counter(blocks[0].stage for blocks in runs)
    leading = 0 if plan.batch_size is None else 1
    functions = activations(plan)
    rows = tuple(_row(blocks, leading, functions, alone=rows_of_stage[blocks[0].stage] == 1) for blocks in runs)
    sections = {"stages": Section(COLUMNS, rows)}
    notes = [structure_line(plan), *plan.remarks]
    spec = network.yaml_spec
    scaling = effective(spec).scaling if spec else None
    if spec is None and with_scaling:
        raise InputError(f"--scaling: {plan.name} is code, which has no width and depth factors")
    if spec and scaling and (with_scaling or (scaling.width, scaling.depth) != (1, 1)):
        notes.append(scaling_note(spec))
    if spec and with_scaling:
        sections["scaling"] = scaling_section(spec)
    if spec and (sight := receptive_field(plan)):
        field, stride = (extent_text(pair) for pair in sight)
        notes.append(f"receptive field of the last feature map: {field} pixels, one of its pixels for every {stride}")
    if spec and spec.output_stride:
        notes.append(f"output stride {spec.output_stride}: strides beyond it are dilations")
    if spec and spec.source:
        notes.append(f"source: {spec.source}")
    return Report(
        "structure",
        provenance(network),
        network.subject(),
        {"params": cost.params, "macs": cost.macs, "flops": cost.flops},
        sections,
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


def activations(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The activation functions of each block in their order, those of its squeeze-and-excitation left out.

    As table 1 of MobileNetV3 (Howard et al., arXiv:1905.02244) prints them, in its column NL.
    """
    found: dict[str, tuple[str, ...]] = {}
    for op in plan.ops:
        if op.role != "se" and (function := _function(op.kind)):
            found[op.block] = tuple(dict.fromkeys((*found.get(op.block, ()), function)))
    return found


def _function(kind: Kind) -> str | None:
    match kind:
        case Activation(function):
            return function
        case PReLU():
            return "prelu"
        case _:
            return None


def _row(blocks: list[Block], leading: int, functions: Mapping[str, tuple[str, ...]], *, alone: bool) -> Row:
    """A row of the table: a stage, or the part of one that begins with a block.

    The batch leads the shapes of a captured Plan.
    """
    first, last = blocks[0], blocks[-1]
    vertical, horizontal = first.stride
    return {
        "stage": first.stage if alone else first.name,
        "operator": first.operator,
        "resolution": first.input_shape[leading + 1 :],
        "channels": last.output_shape[leading] if len(last.output_shape) > leading else None,
        "activation": ", ".join(dict.fromkeys(name for block in blocks for name in functions.get(block.name, ())))
        or None,
        "repeats": len(blocks),
        "stride": vertical if vertical == horizontal else (vertical, horizontal),
    }

"""What a block does, what its parts cost, and why: computed from its own ops."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from mbconv_cli.analysis.columns import BYTES, BYTES_SHARE, FLOAT32_BYTES, MACS, MACS_SHARE, PARAMS, PARAMS_SHARE
from mbconv_cli.analysis.explain.block_steps import Step, block_ops, is_depthwise, main_steps, shortcut_step
from mbconv_cli.cost.counts import cost_of, total
from mbconv_cli.plan.op_kinds import convolution_of
from mbconv_cli.plan.ops import Block, Op, Plan
from mbconv_cli.report.model import Column, Row, Section

STEP_COLUMNS: Final = (
    Column("part"),
    Column("output_shape"),
    PARAMS,
    PARAMS_SHARE,
    MACS,
    MACS_SHARE,
    BYTES,
    BYTES_SHARE,
)


def parts_section(ops: Sequence[Op]) -> Section:
    """A row for each part of a block: its exact costs, and its share of them."""
    whole = total(map(cost_of, ops))
    shortcut = shortcut_step(ops)
    rows: list[Row] = []
    for step in (*main_steps(ops), *([shortcut] if shortcut else [])):
        cost = step.cost
        rows.append(
            {
                "part": step.role,
                "output_shape": step.output_shape,
                "params": cost.params,
                "params_share": cost.params / whole.params if whole.params else 0.0,
                "macs": cost.macs,
                "macs_share": cost.macs / whole.macs if whole.macs else 0.0,
                "bytes": cost.bytes(1, FLOAT32_BYTES),
                "bytes_share": cost.bytes(1, FLOAT32_BYTES) / whole.bytes(1, FLOAT32_BYTES),
            }
        )
    return Section(STEP_COLUMNS, tuple(rows))


def block_prose(plan: Plan, block: Block) -> list[str]:
    """Sentences on one block of a network."""
    ops = block_ops(plan, block.name)
    cost, network = total(map(cost_of, ops)), total(map(cost_of, plan.ops))
    shapes = " in, ".join("x".join(map(str, shape)) for shape in (block.input_shape, block.output_shape))
    return [
        (
            f"{block.name} of {plan.name} is {block.operator}: {shapes} out. It costs {cost.macs:,} MACs, "
            f"{_percent(cost.macs, network.macs)} of the network's, and {cost.params:,} params, "
            f"{_percent(cost.params, network.params)} of them."
        ),
        *_against_plain(block, ops),
        *_arithmetic(main_steps(ops)),
        *_traffic(ops),
        _shortcut(block, ops),
    ]


def _against_plain(block: Block, ops: Sequence[Op]) -> Iterator[str]:
    """A full convolution with the block's largest kernel, between the same input and output."""
    convolutions = [conv for op in ops if (conv := convolution_of(op.kind))]
    kernels = [math.prod(conv.kernel_size) for conv in convolutions if is_depthwise(conv)]
    if not kernels or len(block.output_shape) != 3:
        return
    area = max(kernels)
    plain = area * block.input_shape[0] * math.prod(block.output_shape)
    macs = total(map(cost_of, ops)).macs
    size = math.isqrt(area)
    yield (
        f"One full {size}x{size} convolution from the same input to the same output would cost "
        f"{area} x {block.input_shape[0]} x {math.prod(block.output_shape):,} = {plain:,} MACs; this block costs "
        f"{_times(macs, plain)}."
    )


def _arithmetic(steps: Sequence[Step]) -> Iterator[str]:
    """Which part does the MACs: every output is a sum, and its length decides."""
    whole = sum(step.cost.macs for step in steps)
    for step in steps:
        share = _percent(step.cost.macs, whole) if whole else ""
        if step.attention:
            queries, keys = (math.prod(value.shape[1:]) for value in step.ops[0].inputs[:2])
            yield f"attention: {share} of the MACs. In each head {queries} pixels are compared with {keys} each."
        if not step.convolutions or not whole:
            continue
        length = step.ops[0].inputs[0].shape[0]
        kinds = step.convolutions
        if step.role == "se":
            params = _percent(step.cost.params, sum(each.cost.params for each in steps))
            yield (
                f"SE has {params} of the parameters and {share} of the MACs: its two layers see one number for each "
                "of the channels, however large the feature map is."
            )
        elif all(map(is_depthwise, kinds)):
            areas = [math.prod(kind.kernel_size) for kind in kinds]
            sums = f"{sum(areas)}" if step.is_sum else " or ".join(map(str, areas))
            yield f"{step.role}: {share} of the MACs. An output is a sum over {sums} pixels of its own channel alone."
        else:
            together = kinds if step.is_sum else kinds[:1]
            area, groups = sum(math.prod(kind.kernel_size) for kind in together), kinds[0].groups
            terms = f"{area} x {length // groups}" if area > 1 else f"{length // groups}"
            yield f"{step.role}: {share} of the MACs. An output sums {terms} values, all channels of the input."


def _traffic(ops: Sequence[Op]) -> Iterator[str]:
    """What moves data without a single MAC, which is why time is not MACs."""
    idle = total(cost_of(op) for op in ops if not cost_of(op).macs)
    whole = total(map(cost_of, ops))
    share = _percent(idle.bytes(1, FLOAT32_BYTES), whole.bytes(1, FLOAT32_BYTES))
    yield (
        f"Norms, activations, SE's scaling and additions do no MACs, and move {share} of the block's bytes: "
        "time follows both."
    )


def _shortcut(block: Block, ops: Sequence[Op]) -> str:
    if shortcut_step(ops):
        return "The input is added to the result, so that the block learns a correction of it."
    if any(step.sums_its_input for step in main_steps(ops)):
        return "A sum has its own input among its branches, so that its convolutions learn a correction of it."
    if block.stride != (1, 1):
        return f"Nothing is added: with stride {block.stride[0]} the input is larger than the result."
    if block.input_shape[0] != block.output_shape[0]:
        return f"Nothing is added: {block.input_shape[0]} channels come in and {block.output_shape[0]} go out."
    return "Nothing is added, though the shapes would allow it."


def _percent(part: float, whole: float) -> str:
    percent = 100 * part / whole if whole else 0.0
    return f"{percent:.1f} %" if percent == 0 or percent >= 0.1 else f"{percent:.2g} %"


def _times(part: int, whole: int) -> str:
    return f"1/{whole / part:.1f} of that" if 0 < part < whole else f"{part / whole:.1f} times that"

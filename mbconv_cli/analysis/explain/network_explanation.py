"""Which part of a network costs what, and why: sentences computed from its Plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mbconv_cli.analysis.explain.block_steps import is_depthwise
from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.structure import structure_line
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.counts import Cost, cost_of, plan_costs, total
from mbconv_cli.plan.op_kinds import Conv2d
from mbconv_cli.plan.ops import Block, Plan
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.report.model import Row, Section
from mbconv_cli.spec.spec_rewrites import with_stack

LARGE, SMALL = 5, (3, 3)
"""The kernel that MnasNet's paper sets against a stack, and the stack."""


def roles_section(network: OpenNetwork) -> Section:
    """The network's exact costs by what each op is to its block."""
    return profile(network, view=View(By.ROLE)).sections[By.ROLE.section]


def network_prose(network: OpenNetwork) -> list[str]:
    """Sentences on a whole network."""
    plan = network.plan
    cost = total(plan_costs(plan))
    rows = {str(row["name"]): row for row in roles_section(network).rows}
    return [
        f"{plan.name} is {structure_line(plan)}: {cost.params:,} params and {cost.macs:,} MACs an image.",
        *_pointwise(rows),
        *_gates(rows),
        _silent(rows),
        _early_and_late(plan),
        *_stacked(network),
    ]


def costliest_block(plan: Plan) -> Block:
    """The block of a type (not stem, head or classifier where there are others) with the most MACs."""
    macs: dict[str, int] = {}
    for op in plan.ops:
        macs[op.block] = macs.get(op.block, 0) + cost_of(op).macs
    typed = [block for block in plan.blocks if block.block_type] or list(plan.blocks)
    return max(typed, key=lambda block: macs.get(block.name, 0))


def _pointwise(rows: Mapping[str, Row]) -> Iterator[str]:
    """Where the MACs are: 1x1 convolutions against depthwise ones."""
    wide = [rows[name] for name in ("expand", "project") if name in rows]
    if not wide or "depthwise" not in rows:
        return
    share = sum(_share(row, "macs_share") for row in wide)
    deep = _share(rows["depthwise"], "macs_share")
    yield (
        f"The convolutions that mix channels (expand, project) do {100 * share:.1f} % of the MACs, the depthwise ones "
        f"{100 * deep:.1f} %: an output of the former sums over all channels, one of the latter over the pixels under "
        "its kernel. A cheaper network has fewer channels or less expansion, long before it has smaller kernels."
    )


def _gates(rows: Mapping[str, Row]) -> Iterator[str]:
    if "se" in rows:
        params, macs = (_share(rows["se"], key) for key in ("params_share", "macs_share"))
        yield (
            f"Squeeze-and-excitation has {100 * params:.1f} % of the parameters and {100 * macs:.2f} % of the MACs; "
            f"its reading and scaling of feature maps are {100 * _share(rows['se'], 'bytes_share'):.1f} % of the bytes."
        )


def _silent(rows: Mapping[str, Row]) -> str:
    names = ("norm and activation", "shortcut")
    share = sum(_share(rows[name], "bytes_share") for name in names if name in rows)
    return (
        f"Norms, activations and additions do no MACs and move {100 * share:.1f} % of the bytes, which is why latency "
        "does not follow MACs; --fold-norm shows the network without its norms, as one deploys it."
    )


def _early_and_late(plan: Plan) -> str:
    """Feature maps shrink and channels grow, so traffic is early and parameters are late."""
    half = len(plan.blocks) // 2
    early = {block.name for block in plan.blocks[:half]}
    first = total(cost for op, cost in zip(plan.ops, plan_costs(plan), strict=True) if op.block in early)
    whole = total(plan_costs(plan))
    return (
        f"The first half of its {len(plan.blocks)} blocks has {_percent(first, whole, 'params')} of the parameters, "
        f"{_percent(first, whole, 'macs')} of the MACs and {_percent(first, whole, 'activations')} of the feature "
        "maps' traffic: pixels shrink with each stride while channels grow."
    )


def _stacked(network: OpenNetwork) -> Iterator[str]:
    """What N > 7 comes to here: only the depthwise kernel is stacked, so the 1x1 convolutions stay."""
    large = (LARGE, LARGE)
    if not any(
        isinstance(op.kind, Conv2d) and is_depthwise(op.kind) and op.kind.kernel_size == large
        for op in network.plan.ops
    ):
        return
    stacked = with_stack(network.spec, LARGE, SMALL)
    if stacked == network.spec:
        return  # mixed kernels
    before, after = total(plan_costs(network.plan)), total(plan_costs(make_plan(stacked)))
    change = 100 * (after.macs / before.macs - 1)
    yield (
        f"Two 3x3 kernels see as much as its 5x5 ones. As whole depthwise separable layers they would cost more from "
        f"8 output channels on (N > 7), since each brings its own 1x1 convolution. Stacking the depthwise kernel alone "
        f"leaves the 1x1 convolutions as they are: 2 x 9 in place of 25 products, here {change:+.1f} % MACs; but each "
        f"adds a norm, an activation and a pass over the feature map."
    )


def _share(row: Row, key: str) -> float:
    value = row[key]
    assert isinstance(value, float)
    return value


def _percent(part: Cost, whole: Cost, key: str) -> str:
    return f"{100 * getattr(part, key) / getattr(whole, key):.0f} %"

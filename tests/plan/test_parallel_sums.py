"""Parallel convolutions and their sum as one convolution: which, and what becomes of the counts."""

from __future__ import annotations

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.draft import BlockDraft, Draft, network_input
from mbconv_cli.plan.op_kinds import Activation, Add, BatchNorm, Conv2d, Kind
from mbconv_cli.plan.ops import Plan, Value
from mbconv_cli.plan.parallel_sums import merge_parallel_sums, parallel_sums
from mbconv_cli.plan.plan_rewrites import fold_norm
from mbconv_cli.spec.catalogue import shipped

FULL = Conv2d(4, 4, (3, 3), padding=(1, 1, 1, 1))
POINT = Conv2d(4, 4, (1, 1))
NORM = BatchNorm(4, 1e-5, 0.1)


def summed(*kinds: Kind | None) -> Plan:
    """Ops that all read the input, None for the input itself, and their sum."""
    draft = Draft()
    block, x = BlockDraft(draft, "stem", "stem"), network_input((4, 8, 8))
    values = [block.add("stem", str(index), kind, x) if kind else x for index, kind in enumerate(kinds)]
    result = values[0]
    for index, value in enumerate(values[1:]):
        result = block.add("stem", f"add{index}", Add(), result, value)
    block.add("stem", "activation", Activation("relu"), result)
    return draft.finish("summed", (4, 8, 8))


def kinds(plan: Plan) -> list[Kind]:
    return [op.kind for op in plan.ops]


def corners(plan: Plan) -> dict[str, tuple[int, int]]:
    (one,) = parallel_sums(plan)
    return {branch.name: branch.corner for branch in one.branches}


def test_repvggs_block_is_one_convolution() -> None:
    plan = summed(FULL, POINT, NORM)
    assert corners(plan) == {"stem.0": (0, 0), "stem.1": (1, 1), "stem.2": (1, 1)}
    merged = merge_parallel_sums(plan)
    assert kinds(merged) == [Conv2d(4, 4, (3, 3), padding=(1, 1, 1, 1), bias=True), Activation("relu")]
    assert merged.ops[0].inputs == (Value("input", (4, 8, 8)),)
    assert merged.ops[1].inputs == (merged.ops[0].output,)


def test_the_largest_kernel_takes_the_others_in_wherever_it_stands() -> None:
    plan = summed(None, POINT, Conv2d(4, 4, (5, 5), padding=(2, 2, 2, 2)), FULL)
    assert corners(plan) == {"": (2, 2), "stem.1": (2, 2), "stem.2": (0, 0), "stem.3": (1, 1)}


def test_a_kernel_padded_on_one_side_lies_in_a_corner() -> None:
    one_sided = Conv2d(4, 4, (2, 2), padding=(0, 1, 0, 1))
    assert corners(summed(FULL, one_sided)) == {"stem.0": (0, 0), "stem.1": (1, 1)}


@pytest.mark.parametrize(
    "branches",
    [
        (NORM, None),
        (FULL, Activation("relu")),
        (FULL, Conv2d(4, 4, (1, 1), groups=4)),
        (FULL, Conv2d(4, 4, (3, 3), padding=(2, 2, 2, 2), dilation=(2, 2))),
        (Conv2d(4, 4, (2, 2), padding=(0, 1, 0, 1)), Conv2d(4, 4, (2, 2), padding=(1, 0, 1, 0))),
    ],
)
def test_a_sum_that_is_no_convolution_stays(branches: tuple[Kind | None, ...]) -> None:
    plan = summed(*branches)
    assert parallel_sums(plan) == ()
    assert merge_parallel_sums(plan) == plan


def test_a_convolution_that_others_read_stays() -> None:
    draft = Draft()
    block, x = BlockDraft(draft, "stem", "stem"), network_input((4, 8, 8))
    full, point = block.add("stem", "full", FULL, x), block.add("stem", "point", POINT, x)
    block.add("stem", "again", Add(), block.add("stem", "add", Add(), full, point), full)
    assert parallel_sums(draft.finish("shared", (4, 8, 8))) == ()


def test_repvgg_a0_as_it_is_deployed() -> None:
    deployed = merge_parallel_sums(fold_norm(open_network("repvgg-a0").plan))
    assert [type(op.kind) for op in deployed.ops[:-2]] == [Conv2d, Activation] * 22
    cost = total(plan_costs(deployed))
    assert (cost.params, cost.macs) == (8_309_384, 1_361_451_008)  # timm's `reparameterize_model` gives these params


@pytest.mark.parametrize("name", [name for name in shipped() if not name.startswith(("repvgg", "mobileone"))])
def test_no_other_shipped_network_has_such_sums(name: str) -> None:
    assert parallel_sums(fold_norm(open_network(name, resolution=64).plan)) == ()

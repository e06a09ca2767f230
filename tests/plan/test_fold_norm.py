"""Batch norms folded into convolutions: which, and what becomes of the counts."""

from __future__ import annotations

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.draft import BlockDraft, Draft, network_input
from mbconv_cli.plan.op_kinds import Activation, Add, BatchNorm, Conv2d, Kind
from mbconv_cli.plan.ops import Op, Plan, Value
from mbconv_cli.plan.plan_rewrites import fold_norm, folded_norms
from mbconv_cli.spec.catalogue import shipped

NORM = BatchNorm(4, 1e-5, 0.1)
CONV = Conv2d(4, 4, (1, 1))

every_network = pytest.mark.parametrize("name", sorted(shipped()))


def plan_of(name: str) -> Plan:
    return open_network(name, resolution=64).plan


def chain(*kinds: Kind) -> Plan:
    """Ops that each read the one before."""
    draft = Draft()
    block, x = BlockDraft(draft, "stem", "stem"), network_input((4, 2, 2))
    for index, kind in enumerate(kinds):
        x = block.add("stem", str(index), kind, x)
    return draft.finish("chain", (4, 2, 2))


def norms(plan: Plan) -> list[Op]:
    return [op for op in plan.ops if isinstance(op.kind, BatchNorm)]


@every_network
def test_macs_stay_and_ops_fall_by_the_folded_norms(name: str) -> None:
    plan = plan_of(name)
    folded, gone = fold_norm(plan), folded_norms(plan)
    before, after = total(plan_costs(plan)), total(plan_costs(folded))
    assert after.macs == before.macs
    assert len(folded.ops) == len(plan.ops) - len(gone)
    assert [op.name for op in folded.ops] == [op.name for op in plan.ops if op.name not in gone]
    assert folded.output_shape == plan.output_shape
    assert folded.blocks == plan.blocks


@every_network
def test_a_folded_norm_leaves_a_bias_in_place_of_a_scale_and_a_shift(name: str) -> None:
    plan = plan_of(name)
    kinds = {op.name: op.kind for op in plan.ops}
    channels = [kind.channels for norm in folded_norms(plan) if isinstance(kind := kinds[norm], BatchNorm)]
    saved = total(plan_costs(plan)).params - total(plan_costs(fold_norm(plan))).params
    assert saved == sum(channels)


@every_network
def test_all_norms_of_the_catalogue_follow_a_convolution_but_those_of_mixed_kernels_linear_layers_and_shortcuts(
    name: str,
) -> None:
    plan = plan_of(name)
    makers = {op.name: op.kind for op in plan.ops}
    left = [op for op in norms(plan) if not isinstance(makers[op.inputs[0].name], Conv2d)]
    assert norms(fold_norm(plan)) == left
    assert bool(left) == name.startswith(("mixnet", "mobilenet-v4", "repvgg", "mobileone"))


@every_network
def test_every_input_is_the_output_of_an_earlier_op(name: str) -> None:
    folded = fold_norm(plan_of(name))
    known: set[Value] = {Value("input", folded.input_shape)}
    for op in folded.ops:
        assert known.issuperset(op.inputs)
        known.add(op.output)


def test_folding_twice_is_folding_once() -> None:
    folded = fold_norm(plan_of("efficientnet-b0"))
    assert folded_norms(folded) == {}
    assert fold_norm(folded) == folded


def test_a_convolution_with_a_bias_takes_a_norm_too() -> None:
    plan = chain(Conv2d(4, 4, (1, 1), bias=True), NORM)
    assert [op.kind for op in fold_norm(plan).ops] == [Conv2d(4, 4, (1, 1), bias=True)]


@pytest.mark.parametrize("kinds", [(NORM, CONV), (CONV, Activation("relu"), NORM)])
def test_a_norm_that_follows_no_convolution_stays(kinds: tuple[Kind, ...]) -> None:
    plan = chain(*kinds)
    assert folded_norms(plan) == {}
    assert fold_norm(plan) == plan


def test_of_two_norms_one_after_the_other_the_first_is_folded() -> None:
    assert folded_norms(chain(CONV, NORM, NORM)) == {"stem.1": "stem.0"}
    assert [op.kind for op in fold_norm(chain(CONV, NORM, NORM)).ops] == [Conv2d(4, 4, (1, 1), bias=True), NORM]


def test_a_norm_stays_where_others_read_the_convolution_too() -> None:
    draft = Draft()
    block = BlockDraft(draft, "stem", "stem")
    conv = block.add("stem", "conv", CONV, network_input((4, 2, 2)))
    norm = block.add("stem", "norm", NORM, conv)
    block.add("shortcut", "add", Add(), norm, conv)
    assert folded_norms(draft.finish("shared", (4, 2, 2))) == {}

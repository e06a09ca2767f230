"""Every op in exactly one row, whatever a row is."""

from __future__ import annotations

import pytest

from mbconv_cli.analysis.grouping import NORM_AND_ACTIVATION, By, block_parts, group_ops
from mbconv_cli.plan.op_kinds import Activation, BatchNorm
from mbconv_cli.plan.ops import ROLES, Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load


@pytest.fixture(params=shipped(), scope="module")
def plan(request: pytest.FixtureRequest) -> Plan:
    return plan_loaded(load(request.param))


def test_every_op_is_in_exactly_one_row(plan: Plan) -> None:
    for groups in (*(group_ops(plan, by) for by in By), block_parts(plan)):
        assert sorted(index for group in groups for index in group.ops) == list(range(len(plan.ops)))
        assert len({group.labels["name"] for group in groups}) == len(groups)


def test_by_role_norms_and_activations_stand_apart_but_for_those_of_se(plan: Plan) -> None:
    for group in group_ops(plan, By.ROLE):
        ops = [plan.ops[index] for index in group.ops]
        assert group.labels["ops"] == len(ops)
        if group.labels["name"] == NORM_AND_ACTIVATION:
            assert all(isinstance(op.kind, BatchNorm | Activation) and op.role != "se" for op in ops)
        else:
            assert {op.role for op in ops} == {group.labels["name"]}
            assert group.labels["name"] == "se" or not [o for o in ops if isinstance(o.kind, BatchNorm | Activation)]


def test_roles_stand_in_the_order_of_a_block(plan: Plan) -> None:
    order = [*ROLES, NORM_AND_ACTIVATION]
    names = [str(group.labels["name"]) for group in group_ops(plan, By.ROLE)]
    assert names == sorted(names, key=order.index)


def test_the_parts_of_a_block_have_their_norms_and_activations(plan: Plan) -> None:
    for group in block_parts(plan):
        assert {plan.ops[index].role for index in group.ops} == {group.labels["name"]}

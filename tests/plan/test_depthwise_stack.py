from __future__ import annotations

import pytest

from mbconv_cli.cost.counts import cost_of, plan_costs
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import parse_device
from mbconv_cli.plan.op_kinds import Conv2d
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import without_norm_and_activation
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.pytorch.audit import audit
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.devices import resolve_device
from mbconv_cli.spec.loader import load_text

STACKED = "{kernel_size: 5, depthwise_stack: [3, 3], expand_ratio: 2, output_filters: 4, stride: 2, num_repeat: 2}"


def plan_of(row: str) -> Plan:
    return make_plan(load_text(f"input: {{channels: 4, resolution: 16}}\nblocks: [{row}]", "net.yaml").spec)


def test_a_stack_is_a_chain_of_depthwise_convolutions_the_first_with_the_stride() -> None:
    plan = plan_of(STACKED)
    ops = {op.name: op for op in plan.ops if op.role == "depthwise" and isinstance(op.kind, Conv2d)}
    assert list(ops) == [f"stages.0.{block}.depthwise.{index}.conv" for block in (0, 1) for index in (0, 1)]
    kinds = [op.kind for op in ops.values()]
    assert [kind.stride for kind in kinds if isinstance(kind, Conv2d)] == [(2, 2), (1, 1), (1, 1), (1, 1)]
    assert [cost_of(op).macs for op in ops.values()] == [8 * 9 * 64] * 4
    assert plan.blocks[0].operator == "MBConv2, k3x3+3x3"


def test_a_stack_is_built_as_it_is_counted() -> None:
    plan = plan_of(STACKED)
    assert audit(build(plan, resolve_device(parse_device("cpu"))), plan, plan_costs(plan)).agrees


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{kernel_size: 7, depthwise_stack: [3, 3], expand_ratio: 1, output_filters: 4}", "spans 5 pixels"),
        (
            "{kernel_size: {mixed: [5, 3]}, depthwise_stack: [3, 3], expand_ratio: 1, output_filters: 4}",
            "do not go together",
        ),
        ("{kernel_size: 5, depthwise_stack: [2, 4], expand_ratio: 1, output_filters: 4}", "depthwise_stack: 2 is even"),
        ("{kernel_size: 5, depthwise_stack: [5], expand_ratio: 1, output_filters: 4}", "at least 2 items"),
        ("{kernel_size: 5, depthwise_stack: 3, expand_ratio: 1, output_filters: 4}", "depthwise_stack"),
        ("{type: conv, kernel_size: 5, depthwise_stack: [3, 3], output_filters: 4}", "unknown key 'depthwise_stack'"),
    ],
)
def test_a_stack_that_cannot_take_the_kernels_place_is_refused(row: str, told: str) -> None:
    with pytest.raises(InputError, match=r"net\.yaml:2:") as raised:
        plan_of(row)
    assert told in str(raised.value)


def test_without_norm_and_activation_only_they_are_missing() -> None:
    plan = plan_of("{kernel_size: 3, expand_ratio: 2, output_filters: 4, se_ratio: 0.5}")
    bare = without_norm_and_activation(plan)
    assert {type(op.kind).__name__ for op in plan.ops} - {type(op.kind).__name__ for op in bare.ops} == {
        "BatchNorm",
        "Activation",
    }
    assert sum(cost.macs for cost in plan_costs(bare)) == sum(cost.macs for cost in plan_costs(plan))
    names = {"input", *(op.name for op in bare.ops)}
    assert all(value.name in names for op in bare.ops for value in op.inputs)
    assert audit(build(bare, resolve_device(parse_device("cpu"))), bare, plan_costs(bare)).agrees

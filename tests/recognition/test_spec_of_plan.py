"""From ops back to a table: every shipped network comes back with the rows of its paper, and no other one does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbconv_cli.analysis.importing import NotATableError, imported
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.plan.op_kinds import Activation, Add, AtenCall, BatchNorm
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.same_plans import same_graph
from mbconv_cli.recognition.spec_of_plan import Table, table_of
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.spec.loader import load_text

SHIPPED = [entry.name for entry in user_catalogue().entries()]
MOST_LINES = 60


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_network_comes_back_from_its_ops(name: str) -> None:
    network = open_network(name)
    text = imported(network).text
    assert len(text.splitlines()) <= MOST_LINES
    assert same_graph(network.plan, plan_loaded(load_text(text, "f.yaml")))


def rows_of(name: str) -> list[str]:
    return [line.lstrip(" -") for line in imported(open_network(name)).text.splitlines() if line.startswith("  ")]


def test_rows_are_those_of_the_papers_table() -> None:
    assert rows_of("efficientnet-b0")[:3] == [
        "{kernel_size: 3, expand_ratio: 1, se_ratio: 0.25, output_filters: 16}",
        "{kernel_size: 3, expand_ratio: 6, se_ratio: 0.25, output_filters: 24, num_repeat: 2, stride: 2}",
        "{kernel_size: 5, expand_ratio: 6, se_ratio: 0.25, output_filters: 40, num_repeat: 2, stride: 2}",
    ]
    assert len(rows_of("mobilenet-v2")) == 7


def test_the_order_in_which_branches_run_does_not_count() -> None:
    network = open_network("resnet-50")
    plan = network.plan
    first, last = (next(i for i, op in enumerate(plan.ops) if op.name == name) for name in (
        "stages.0.0.project.conv", "stages.0.0.shortcut.conv",
    ))  # fmt: skip
    ops = (*plan.ops[:first], *plan.ops[last : last + 2], *plan.ops[first:last], *plan.ops[last + 2 :])
    early = replace(plan, ops=ops)
    assert same_graph(plan, early)
    found, of_early = table_of(plan), table_of(early)
    assert isinstance(found, Table)
    assert isinstance(of_early, Table)
    assert of_early.data == found.data


def test_convolutions_before_the_stems_pooling_are_part_of_it() -> None:
    text = "input: {resolution: 64}\nstem: {kernel_size: 3, output_filters: 32, stride: 2}\n"
    rows = [f"  - {{type: conv, kernel_size: 3, output_filters: {filters}}}\n" for filters in (32, 64)]
    pool = "  - {type: pool, pooling: maximum, kernel_size: 3, stride: 2}\n"
    found = table_of(plan_loaded(load_text(f"{text}blocks:\n{''.join(rows)}{pool}", "f.yaml")))
    assert isinstance(found, Table)
    deep = {"kernel_size": 3, "output_filters": 64, "filters_before": [32, 32], "stride": 2}
    assert found.data["stem"] == deep | {"max_pool": {"kernel_size": 3, "stride": 2}}
    assert "blocks" not in found.data


def of_plan(plan: Plan) -> OpenNetwork:
    return OpenNetwork(None, plan)


def test_the_first_op_that_no_block_type_has_is_named_with_how_much_was_read() -> None:
    plan = open_network("mobilenet-v2").plan
    index = next(i for i, op in enumerate(plan.ops) if op.block == "stages.2.1" and isinstance(op.kind, Activation))
    ops = list(plan.ops)
    ops[index] = ops[index]._replace(kind=AtenCall("softplus"))
    with pytest.raises(NotATableError) as refused:
        imported(of_plan(replace(plan, ops=tuple(ops))))
    assert refused.value.exit_code == 1
    before = sum(op.stage in {"stem", "stages.0", "stages.1"} or op.block == "stages.2.0" for op in ops)
    assert refused.value.sentences == (
        "mobilenet-v2 is no table: no block type has stages.2.1.expand.activation: softplus, on 192x28x28, in block "
        + ops[index].block,
        f"recognised before it: {before} of {len(ops)} ops ({before / len(ops):.0%})",
    )


def test_two_norms_are_no_one_table() -> None:
    plan = open_network("mobilenet-v2").plan
    norms = [i for i, op in enumerate(plan.ops) if isinstance(op.kind, BatchNorm)]
    ops = list(plan.ops)
    ops[norms[3]] = ops[norms[3]]._replace(kind=replace(ops[norms[3]].kind, eps=0.01))  # type: ignore[arg-type]  # a norm
    with pytest.raises(NotATableError, match=f"{ops[norms[3]].name}: its norm has eps 0.01, the others have eps 1e-05"):
        imported(of_plan(replace(plan, ops=tuple(ops))))


def without_sum(plan: Plan, block: str) -> Plan:
    """The Plan with one block's shortcut left out."""
    add = next(op for op in plan.ops if op.block == block and isinstance(op.kind, Add))
    kept = [op for op in plan.ops if op is not add]
    renamed = [
        op._replace(inputs=tuple(add.inputs[0] if value.name == add.name else value for value in op.inputs))
        for op in kept
    ]
    return replace(plan, ops=tuple(renamed))


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (
            "stages.3.2",
            "stages.3.2 is not like the blocks before and behind it: shortcut none; theirs: shortcut identity",
        ),
        ("stages.1.1", "stages.1.1 gives the shape that it takes and has no shortcut; the 9 other such blocks have"),
    ],
)
def test_a_block_that_lacks_its_shortcut_is_remarked_on(block: str, said: str) -> None:
    network = of_plan(without_sum(open_network("mobilenet-v2").plan, block))
    assert imported(network).remarks == (said,)
    assert imported(open_network("mobilenet-v2")).remarks == ()


def test_settings_are_the_networks_own() -> None:
    found = table_of(open_network("mobilenet-v3-large").plan)
    assert isinstance(found, Table)
    assert found.data["activation"] == "hard_swish"
    assert found.data["norm"] == {"eps": 0.001, "momentum": 0.01}
    assert found.data["se"] == {"squeeze_from": "expanded", "divisor": 8, "activation": "relu", "gate": "hard_sigmoid"}

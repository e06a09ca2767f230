from __future__ import annotations

import pytest

from mbconv_cli.analysis.compare.ablation import CHANGES, ablate
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.comparisons import Outcome, Request
from mbconv_cli.plan.op_kinds import Activation
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.plan.same_plans import same_computation
from mbconv_cli.report.model import Cell, Row


def rows(name: str) -> dict[str, Row]:
    return {str(row["name"]): row for row in ablate(open_network(name)).sections["changes"].rows}


def test_every_change_of_efficientnet_b0_costs_what_the_changed_network_costs() -> None:
    network = open_network("efficientnet-b0")
    told = rows("efficientnet-b0")
    assert list(told) == ["as it is", *CHANGES]
    for name, change in CHANGES.items():
        cost = total(plan_costs(make_plan(change(network.spec))))
        assert told[name]["params"] == cost.params
        assert told[name]["macs"] == cost.macs
        assert told[name]["macs_difference"] == cost.macs - 385_814_752
        assert told[name]["macs_change"] == pytest.approx(cost.macs / 385_814_752 - 1)


def test_what_a_change_does() -> None:
    told = rows("efficientnet-b0")
    same = open_network("efficientnet-b0", overrides=["blocks[*].se_ratio=0"])
    assert told["no SE"]["params"] == total(plan_costs(same.plan)).params
    assert told["ReLU for swish"]["macs_difference"] == 0
    threes = open_network("efficientnet-b0", overrides=["blocks[*].kernel_size=3"])
    assert told["5x5 to 3x3"]["macs"] == total(plan_costs(threes.plan)).macs


def test_relu_takes_the_place_of_swish_in_every_part() -> None:
    plan = make_plan(CHANGES["ReLU for swish"](open_network("mobilenet-v3-large").spec))
    functions = {op.kind.function for op in plan.ops if isinstance(op.kind, Activation)}
    assert functions == {"relu", "hard_sigmoid"}


def test_one_block_keeps_widths_repeats_and_strides() -> None:
    network = open_network("mnasnet-a1")
    spec = CHANGES["MBConv3, k5x5 only"](network.spec)
    plan = make_plan(spec)
    assert [block.output_shape for block in plan.blocks] == [block.output_shape for block in network.plan.blocks]
    assert {block.operator for block in plan.blocks if block.block_type} == {"MBConv3, k5x5"}


def test_changes_without_effect_are_named_and_left_out() -> None:
    report = ablate(open_network("mobilenet-v2"))
    assert [row["name"] for row in report.sections["changes"].rows][:2] == ["as it is", "3x3 to 5x5"]
    left_out = next(note for note in report.notes if note.startswith("without effect"))
    assert "no SE; ReLU for swish; 5x5 to 3x3" in left_out


def test_measured_all_variants_take_turns_with_the_original() -> None:
    sets: list[int] = []

    def launch(request: Request, _: Progress) -> Outcome:
        sets.extend(len(plans) for plans in request.sets)
        (plans,) = request.sets
        times = tuple(float(len(plan.ops)) for plan in plans)
        machine: dict[str, Cell] = {"device": "cpu", "device_name": "a CPU", "threads": 1, "torch": "2"}
        return Outcome((times,), (tuple(time / times[0] for time in times),), (8,), machine)

    measure = MeasureRequest(DeviceChoice("cpu"), None, 2, lambda _: None, launch)
    report = ablate(open_network("mobilenet-v2"), measure=measure)
    told = report.sections["changes"].rows
    assert sets == [len(told)] * 2
    assert "latency_ratio" not in told[0]
    assert all("latency_ratio_low" in row for row in told[1:])
    assert report.provenance.machine["device"] == "cpu"


@pytest.mark.parametrize(
    ("network", "change", "params", "macs"),
    [
        ("mobilenet-v3-large", "expand ratio 6 to 3", 3_790_744, 158_174_288),  # given as expanded_filters
        ("mobilenet-v4-conv-small", "3x3 to 5x5", 3_880_520, 280_185_920),  # start_kernel_size and middle_kernel_size
    ],
)
def test_a_change_acts_on_what_the_ops_are(network: str, change: str, params: int, macs: int) -> None:
    row = rows(network)[change]
    assert (row["params"], row["macs"]) == (params, macs)


@pytest.mark.parametrize("network", ["mobilenet-v2", "mobilenet-v3-large", "xception", "efficientnet-v2-b0"])
def test_what_is_left_out_computes_the_same(network: str) -> None:
    opened = open_network(network)
    shown = rows(network)
    for name, change in CHANGES.items():
        assert same_computation(make_plan(change(opened.spec)), opened.plan) == (name not in shown)

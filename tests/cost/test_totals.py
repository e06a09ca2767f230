"""Whole networks against figures that other people's modules gave.

`totals.csv` holds parameters and MACs counted on the modules of torchvision 0.29.1 and timm, at the resolution given.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load

TABLE = Path(__file__).parent / "totals.csv"


def counted_elsewhere() -> dict[str, dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return {line["name"]: line for line in csv.DictReader(stream)}


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_network_costs_what_its_file_says(name: str) -> None:
    loaded = load(name)
    expect = loaded.spec.expect
    assert expect is not None, f"{name} says not what it must cost; give it `expect`"
    costs = total(plan_costs(plan_loaded(loaded)))
    assert (costs.params, costs.macs) == (expect.params, expect.macs)


@pytest.mark.parametrize("name", [name for name in shipped() if name in counted_elsewhere()])
def test_a_shipped_network_costs_what_was_counted_elsewhere(name: str) -> None:
    line = counted_elsewhere()[name]
    plan = plan_loaded(load(name))
    costs = total(plan_costs(plan))
    assert plan.input_shape == (3, int(line["resolution"]), int(line["resolution"]))
    assert (costs.params, costs.macs) == (int(line["params"]), int(line["macs"]))


def test_efficientnet_b0_as_the_paper_prints_it() -> None:
    """Table 2 of arXiv:1905.11946: 5.3 M parameters and 0.39 B FLOPs, which are MACs here."""
    costs = total(plan_costs(plan_loaded(load("efficientnet-b0"))))
    assert (round(costs.params / 1e6, 1), round(costs.macs / 1e9, 2)) == (5.3, 0.39)


@pytest.mark.parametrize("name", shipped())
def test_macs_and_parameters_add_up_over_the_blocks(name: str) -> None:
    plan = plan_loaded(load(name))
    costs = plan_costs(plan)
    by_block = [
        total(cost for op, cost in zip(plan.ops, costs, strict=True) if op.block == block.name) for block in plan.blocks
    ]
    assert total(by_block) == total(costs)


@pytest.mark.parametrize("name", shipped())
def test_a_larger_image_costs_no_parameter_and_more_macs(name: str, tmp_path: Path) -> None:
    height, width = (2 * size for size in plan_loaded(load(name)).input_shape[1:])
    child = tmp_path / "larger.yaml"
    child.write_text(f"extends: {name}\nscaling: {{resolution: [{height}, {width}]}}\n", encoding="utf-8")
    small, large = (total(plan_costs(plan_loaded(load(reference)))) for reference in (name, str(child)))
    assert (large.params, large.weights) == (small.params, small.weights)
    assert large.macs > 3 * small.macs

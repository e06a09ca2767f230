"""A row's blocks are planned once and repeated: the same ops as rows of one block each, joined."""

from __future__ import annotations

import pytest

from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.spec.loader import load_text

NETWORK = (
    "input: {{resolution: 64}}\nactivation: swish\npadding: {padding}\nstem: {{output_filters: 8}}\nblocks:\n{rows}"
)
ROW = "kernel_size: 3, expand_ratio: 4, output_filters: 16, se_ratio: 0.25"


def planned(padding: str, *rows: str) -> Plan:
    text = NETWORK.format(padding=padding, rows="".join(f"  - {{{row}}}\n" for row in rows))
    return plan_loaded(load_text(text, "x.yaml"))


@pytest.mark.parametrize("padding", ["symmetric", "same", "valid"])
@pytest.mark.parametrize("more", ["", ", experts: 2", ", shortcut: none"])
def test_repeats_are_the_ops_of_joined_rows(padding: str, more: str) -> None:
    repeated = planned(padding, f"{ROW}, stride: 2, num_repeat: 4{more}")
    single = planned(padding, f"{ROW}, stride: 2{more}", *[f"{ROW}, joined: true{more}"] * 3)
    assert repeated.ops == single.ops
    assert [block.name for block in repeated.blocks] == [block.name for block in single.blocks]
    assert {block.row for block in repeated.blocks} == {None, 0}

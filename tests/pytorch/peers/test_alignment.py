"""Which calls compute which op."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import nn

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.plan.op_kinds import Activation, AtenCall, BatchNorm, Conv2d, Kind
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.peers.alignment import SORTS, align, pair_up
from mbconv_cli.pytorch.peers.calls import record_calls
from mbconv_cli.spec.loader import load_text

GROUPED = """
input: {resolution: 8, channels: 4}
blocks: [{type: conv, kernel_size: 1, output_filters: 6, num_repeat: 1, stride: 1}]
"""


def test_every_kind_of_op_is_of_one_sort() -> None:
    """But for the open kind, which no table makes."""
    expected = sorted(kind.__name__ for kind in get_args(Kind) if kind is not AtenCall)
    assert sorted(kind.__name__ for kinds, _ in SORTS for kind in kinds) == expected


@pytest.mark.parametrize("name", ["mobilenet-v3-small", "mixnet-s", "se-resnet-50", "xception"])
def test_a_built_network_computes_each_op_in_its_own_module(name: str) -> None:
    plan = open_network(name, resolution=96).plan
    with torch.device("meta"):
        _, calls = record_calls(build(plan, torch.device("meta")), torch.zeros(1, *plan.input_shape))
    for op, members in zip(plan.ops, align(plan, calls), strict=True):
        assert [call.path for call in members] == [op.name]


def grouped_plan() -> Plan:
    """One convolution of 4 to 6 channels in 2 groups, norm, ReLU."""
    plan = plan_loaded(load_text(GROUPED, "grouped.yaml"))
    conv = plan.ops[0]
    assert isinstance(conv.kind, Conv2d)
    grouped = type(conv)(Conv2d(4, 6, (1, 1), groups=2), conv.inputs, conv.output, conv.stage, conv.block, conv.role)
    return Plan(plan.name, plan.input_shape, (grouped, *plan.ops[1:]), plan.blocks)


class Split(nn.Module):
    """The same as one convolution for each group."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList([nn.Conv2d(2, 3, 1, bias=False), nn.Conv2d(2, 3, 1, bias=False)])
        self.norm = nn.BatchNorm2d(6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pieces = [part(piece) for part, piece in zip(self.parts, x.chunk(2, 1), strict=True)]
        y: torch.Tensor = self.norm(torch.cat(pieces, 1))
        return torch.relu(y)


def test_a_convolution_in_groups_may_be_one_for_each_group() -> None:
    plan = grouped_plan()
    _, calls = record_calls(Split().eval(), torch.randn(1, 4, 8, 8))
    assert [[call.path for call in members] for members in align(plan, calls)] == [
        ["parts.0", "parts.1"],
        ["norm"],
        [""],
    ]


def test_what_one_side_has_more_of_stands_alone_and_is_not_aligned() -> None:
    plan = grouped_plan()
    module = nn.Sequential(nn.Conv2d(4, 6, 1, groups=2), nn.BatchNorm2d(6), nn.ReLU(), nn.ReLU()).eval()
    _, calls = record_calls(module, torch.randn(1, 4, 8, 8))
    assert [len(members) for members in align(plan, calls)] == [1, 1, 0]
    pairs = pair_up(plan, calls, (Activation,))
    assert [(op.name if op else None, len(members)) for op, members in pairs] == [
        (plan.ops[2].name, 1),
        (None, 1),
    ]
    assert pair_up(plan, [], (BatchNorm,)) == [(plan.ops[1], ())]

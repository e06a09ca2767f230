"""Tables of other projects, written as a user would: each costs what is known of it, and is built."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.audit import audit_plan
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.weights import copy_weights
from mbconv_cli.spec.loader import load_file
from mbconv_cli.spec.overrides import parse_override
from mbconv_cli.units import FLOPS_PER_MAC

TABLES: Final = Path(__file__).parent / "tables"
MOST_LINES: Final = 30
BIASES_OF_FBNET_A: Final = 15_472

KNOWN: Final = {
    "yamnet": (3_729_481, 69_165_056),
    "ds-cnn": (23_756, 2_656_768),
    "fbnet-a": (4_321_464 + BIASES_OF_FBNET_A, 249_921_848),
    "mobilenet-v3-large-1.5": (11_327_816, 482_472_624),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_table_costs_what_is_known_of_it(name: str) -> None:
    costs = total(plan_costs(plan_loaded(load_file(TABLES / f"{name}.yaml"))))
    assert (costs.params, costs.macs) == KNOWN[name]


def test_the_biases_of_fbnet_a() -> None:
    without = load_file(TABLES / "fbnet-a.yaml", overrides=[parse_override("blocks[*].bias=false")])
    assert KNOWN["fbnet-a"][0] - total(plan_costs(plan_loaded(without))).params == BIASES_OF_FBNET_A


@pytest.mark.parametrize("file", sorted(TABLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_it_is_short_and_is_built(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= MOST_LINES
    plan = plan_loaded(load_file(file))
    assert audit_plan(plan, plan_costs(plan)).agrees


class Unit(nn.Sequential):
    """Convolution, batch norm and, unless it is linear, PReLU."""

    def __init__(
        self, into: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1, linear: bool = False
    ) -> None:
        padding = 0 if kernel == 7 else kernel // 2
        convolution = nn.Conv2d(into, out, kernel, stride, padding, groups=groups, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(out), *([] if linear else [nn.PReLU(out)]))


class Residual(nn.Module):
    """MobileFaceNet's bottleneck: expand, depthwise, project, and the sum where nothing changes its shape."""

    def __init__(self, into: int, out: int, stride: int, factor: int) -> None:
        super().__init__()
        wide = into * factor
        depthwise = Unit(wide, wide, 3, stride=stride, groups=wide)
        self.path = nn.Sequential(Unit(into, wide, 1), depthwise, Unit(wide, out, 1, linear=True))
        self.adds = stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.path(x)
        return y + x if self.adds else y


def mobile_face_net() -> nn.Module:
    """Chen et al., arXiv:1804.07573, table 1: rows of expansion, channels, repeats and stride."""
    layers: list[nn.Module] = [Unit(3, 64, 3, stride=2), Unit(64, 64, 3, groups=64)]
    into = 64
    for factor, out, repeats, stride in ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1)):
        for index in range(repeats):
            layers.append(Residual(into, out, stride if index == 0 else 1, factor))
            into = out
    layers += [Unit(128, 512, 1), Unit(512, 512, 7, groups=512, linear=True), Unit(512, 128, 1, linear=True)]
    return nn.Sequential(*layers)


def test_mobilefacenet_is_the_one_that_is_written_out_in_pytorch() -> None:
    plan = plan_loaded(load_file(TABLES / "mobilefacenet.yaml"))
    costs = total(plan_costs(plan))
    torch.manual_seed(0)
    theirs, ours = mobile_face_net().eval(), build(plan, torch.device("cpu"))
    image = torch.randn(1, *plan.input_shape)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        expected = theirs(image)
    assert costs.macs == counter.get_total_flops() // FLOPS_PER_MAC
    assert costs.params == sum(parameter.numel() for parameter in theirs.parameters())
    copy_weights(theirs, ours, image)
    with torch.inference_mode():
        found = ours(image)
    assert found.shape == expected.shape == (1, 128, 1, 1)
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-5

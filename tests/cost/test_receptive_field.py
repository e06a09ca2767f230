"""Receptive fields: of known networks, and against the gradient of the built one."""

from __future__ import annotations

import pytest
import torch

from mbconv_cli.cost.receptive_field import Sight, receptive_field
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.spec.loader import load, load_text
from mbconv_cli.spec.overrides import parse_override


def test_a_known_network() -> None:
    """The figure of Araujo et al., Distill 2019, for MobileNet V1."""
    assert receptive_field(plan_loaded(load("mobilenet-v1"))) == Sight((315, 315), (32, 32))


def test_an_output_stride_keeps_the_field() -> None:
    before = receptive_field(plan_loaded(load("mobilenet-v2")))
    dilated = plan_loaded(load("mobilenet-v2", overrides=[parse_override("output_stride=8")]))
    assert before is not None
    assert receptive_field(dilated) == Sight(before.field, (8, 8))


def test_no_feature_map() -> None:
    plan = plan_loaded(load_text("input: {resolution: 8}\nclassifier: {num_classes: 3}\n", "x.yaml"))
    assert receptive_field(plan) is None


def seen(plan: Plan) -> tuple[int, int]:
    """The extent of the image that the middle pixel of the last feature map depends on."""
    network = build(plan, torch.device("cpu"), inplace=False)
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    image = torch.ones(1, *plan.input_shape, requires_grad=True)
    features = network(image)
    features[0, :, features.shape[2] // 2, features.shape[3] // 2].sum().backward()
    assert image.grad is not None
    rows, columns = image.grad[0].abs().sum(0).nonzero(as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize(
    "rows",
    [
        "[{kernel_size: 3, expand_ratio: 1, output_filters: 4, stride: 2, num_repeat: 3}]",
        "[{kernel_size: 5x3, expand_ratio: 1, output_filters: 4, dilation: [2, 3], num_repeat: 2}]",
        "[{kernel_size: {mixed: [3, 7]}, expand_ratio: 1, output_filters: 4, stride: [1, 2], num_repeat: 2}]",
        "[{type: pool, pooling: average, kernel_size: 3, stride: 2}, {type: conv, kernel_size: 3, output_filters: 4}]",
    ],
)
def test_it_is_what_the_gradient_of_the_middle_pixel_reaches(rows: str) -> None:
    text = f"input: {{channels: 4, resolution: 97}}\nnorm: {{scale: false}}\nblocks: {rows}\n"
    plan = plan_loaded(load_text(text, "x.yaml"))
    sight = receptive_field(plan)
    assert sight is not None
    assert seen(plan) == sight.field

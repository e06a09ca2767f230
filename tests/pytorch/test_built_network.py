"""Plan -> PyTorch: names, nesting, the flat program, and what may be overwritten."""

from __future__ import annotations

import copy
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.plan.liveness import dying_inputs
from mbconv_cli.plan.op_kinds import Add, BatchNorm
from mbconv_cli.plan.ops import INPUT, Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.pytorch.built_network import Network, build, settle
from mbconv_cli.pytorch.op_modules.elementwise_modules import Product, Sum
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.spec.loader import load_text
from tests.without_values import without_values

CPU = torch.device("cpu")
# One network for each block type and convention; `verify` and the property tests go through all of them.
REPRESENTATIVES = (
    "bottleneck-v3-se-last",
    "efficientnet-b0",
    "efficientnet-es",
    "efficientnet-lite0",
    "efficientnet-v2-b0",
    "fbnet-c",
    "mixnet-s",
    "mnasnet-a1",
    "mobilenet-v1",
    "mobilenet-v2-0.35",
    "mobilenet-v3-small",
    "se-resnet-50",
    "tinynet-e",
    "xception",
)
RESOLUTION = 40

every_network = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"built {name}")) for name in sorted(shipped())]
)  # its tests run in one process, which builds it once
representatives = pytest.mark.parametrize("name", REPRESENTATIVES)


@cache
def plan_of(name: str) -> Plan:
    return open_network(name, resolution=RESOLUTION).plan


@cache
def structure_of(name: str) -> Network:
    """The network without values."""
    with without_values():
        return build(plan_of(name), torch.device("meta"))


def network_of(name: str, *, inplace: bool = True) -> Network:
    torch.manual_seed(0)
    return build(plan_of(name), CPU, inplace=inplace)


def images_for(plan: Plan, batch_size: int = 2) -> Tensor:
    return torch.randn(batch_size, *plan.input_shape, generator=torch.Generator().manual_seed(1))


def naive_outputs(network: Network, plan: Plan, images: Tensor) -> dict[str, Tensor]:
    """Every op's output, computed from its named inputs, with all values kept."""
    values = {INPUT: images}
    for op in plan.ops:
        module = network.get_submodule(op.name)
        values[op.name] = module(*[values[value.name] for value in op.inputs])
    return values


@every_network
def test_the_path_of_each_leaf_is_the_name_of_its_op(name: str) -> None:
    plan, network = plan_of(name), structure_of(name)
    leaves = [path for path, module in network.named_modules() if not list(module.children())]
    assert sorted(leaves) == sorted(op.name for op in plan.ops)
    assert [step.module for step in network.steps] == [network.get_submodule(op.name) for op in plan.ops]


@representatives
def test_the_program_gives_what_a_naive_execution_gives_that_keeps_every_value(name: str) -> None:
    plan = plan_of(name)
    network = network_of(name, inplace=False)
    images = images_for(plan)
    with torch.inference_mode():
        assert torch.equal(network(images), naive_outputs(network, plan, images)[plan.ops[-1].name])


@representatives
def test_working_in_place_changes_neither_the_output_nor_the_callers_images(name: str) -> None:
    plan = plan_of(name)
    images = images_for(plan)
    before = images.clone()
    with torch.inference_mode():
        output = network_of(name, inplace=True)(images)
        assert torch.equal(images, before)
        assert torch.equal(output, network_of(name, inplace=False)(images))


@every_network
def test_ops_are_in_place_only_where_nobody_reads_the_input_again(name: str) -> None:
    plan, network = plan_of(name), structure_of(name)
    in_place = 0
    for op, dying in zip(plan.ops, dying_inputs(plan), strict=True):
        if getattr(network.get_submodule(op.name), "inplace", False):
            assert op.inputs[0].name in dying
            assert op.inputs[0].name != INPUT
            in_place += 1
    assert in_place > 0
    with without_values():
        never = build(plan, torch.device("meta"), inplace=False)
    assert not any(getattr(module, "inplace", False) for module in never.modules())


@every_network
def test_a_slot_is_free_before_it_is_written_to(name: str) -> None:
    """Run on names instead of tensors: every op must find in its slots the values that the Plan says it reads."""
    plan, network = plan_of(name), structure_of(name)
    slots: list[str | None] = [None] * network.slot_count
    slots[0] = INPUT
    last_reader = {value.name: index for index, op in enumerate(plan.ops) for value in op.inputs}
    for index, (op, step) in enumerate(zip(plan.ops, network.steps, strict=True)):
        assert [slots[slot] for slot in step.inputs] == [value.name for value in op.inputs]
        slots[step.output] = op.name
        for slot in step.released:
            slots[slot] = None
        held = {name for name in slots if name is not None}
        assert [name for name in held - {op.name} if last_reader[name] <= index] == [], "dead, but held"
    assert slots[network.steps[-1].output] == plan.ops[-1].name


@representatives
def test_the_stamped_pass_is_the_plain_pass_with_a_stamp_after_every_op(name: str) -> None:
    plan = plan_of(name)
    network, images = network_of(name), images_for(plan)
    stamps: list[None] = []
    with torch.inference_mode():
        assert torch.equal(network.run(images, lambda: stamps.append(None)), network(images))
    assert len(stamps) == len(plan.ops)


@representatives
def test_every_op_gives_the_shape_of_the_plan(name: str) -> None:
    plan = plan_of(name)
    outputs = naive_outputs(network_of(name, inplace=False), plan, images_for(plan))
    assert {op.name: (2, *op.output.shape) for op in plan.ops} == {
        op.name: tuple(outputs[op.name].shape) for op in plan.ops
    }


@representatives
def test_settled_networks_keep_the_signal_finite_and_of_ordinary_size(name: str) -> None:
    """Denormal or overflowing numbers take another time than ordinary ones. (Root mean square: a gate is near 1/2.)"""
    plan = open_network(name, resolution=96).plan
    torch.manual_seed(0)
    network, images = build(plan, CPU, inplace=False), images_for(plan, 1)
    settle(network, images)
    with torch.inference_mode():
        outputs = naive_outputs(network, plan, images)
    sizes = {op: float(output.square().mean().sqrt()) for op, output in outputs.items()}
    assert {op: size for op, size in sizes.items() if not size < 1e3} == {}
    # What squeeze-and-excitation pools right after a norm has the mean zero.
    squeezed = {op.name for op in plan.ops if op.role == "se"}
    assert {op: size for op, size in sizes.items() if op not in squeezed and not size > 1e-3} == {}


def test_settling_gives_every_norm_the_statistics_of_what_reaches_it() -> None:
    plan = plan_of("mobilenet-v2-0.35")
    network, images = network_of("mobilenet-v2-0.35", inplace=False), images_for(plan)
    settle(network, images)
    with torch.inference_mode():
        outputs = naive_outputs(network, plan, images)
    for op in plan.ops:
        if isinstance(op.kind, BatchNorm) and op.output.shape[1] > 4:
            output = outputs[op.name]
            assert float(output.mean().abs()) < 1e-3, op.name
            assert float(output.std()) == pytest.approx(1, abs=0.05), op.name
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_settling_knows_the_norm_of_a_vector() -> None:
    text = "input: {resolution: 4}\nclassifier: {hidden_filters: 8, hidden_norm: true, num_classes: 2}\n"
    plan = plan_loaded(load_text(text, "f.yaml"))
    network, images = build(plan, CPU, inplace=False), images_for(plan, 64)
    settle(network, images)
    with torch.inference_mode():
        normalized = naive_outputs(network, plan, images)["classifier.norm"]
    assert normalized.shape == (64, 8)
    assert normalized.mean(dim=0).tolist() == pytest.approx([0.0] * 8, abs=1e-3)
    assert normalized.std(dim=0).tolist() == pytest.approx([1.0] * 8, abs=0.05)


def test_the_printed_model_is_nested_and_names_blocks_as_the_paper_does() -> None:
    lines = str(network_of("efficientnet-b0")).splitlines()
    assert lines[0] == "Network("
    assert lines[1] == "  (stem): Conv, k3x3("
    assert "    (0): Part(" in lines
    assert "      (0): MBConv1, k3x3, SE(" in lines
    assert (
        "          (conv): Conv2d(32, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=32, bias=False)"
        in (lines)
    )
    assert "  (classifier): Pool, FC(" in lines


def test_batch_norms_have_the_plans_eps_and_momentum() -> None:
    plan, network = plan_of("efficientnet-b5"), structure_of("efficientnet-b5")
    for op in plan.ops:
        if isinstance(op.kind, BatchNorm):
            norm = network.get_submodule(op.name)
            assert isinstance(norm, nn.BatchNorm2d)
            assert (norm.eps, norm.momentum) == (op.kind.eps, op.kind.momentum) == (1e-3, 0.01)


def test_a_built_network_is_in_eval_mode() -> None:
    assert not any(module.training for module in network_of("mobilenet-v3-small").modules())


def test_a_batch_is_each_of_its_images() -> None:
    network, images = network_of("mobilenet-v3-small"), images_for(plan_of("mobilenet-v3-small"), 3)
    with torch.inference_mode():
        together, apart = network(images), torch.cat([network(images[index : index + 1]) for index in range(3)])
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-5)


def test_gradients_flow_where_nothing_is_in_place() -> None:
    network = network_of("mobilenet-v3-small", inplace=False).train()
    network(images_for(plan_of("mobilenet-v3-small"))).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_a_copy_shares_nothing_with_its_original() -> None:
    network = network_of("mobilenet-v3-small")
    twin = copy.deepcopy(network)
    images = images_for(plan_of("mobilenet-v3-small"))
    with torch.inference_mode():
        expected = network(images)
        for parameter in network.parameters():
            parameter.zero_()
        assert torch.equal(twin(images), expected)


def test_adds_and_products_are_leaves_of_their_own() -> None:
    network = network_of("efficientnet-b0")
    adds = sum(isinstance(op.kind, Add) for op in plan_of("efficientnet-b0").ops)
    assert sum(isinstance(module, Sum) for module in network.modules()) == adds == 9
    assert sum(isinstance(module, Product) for module in network.modules()) == 16


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@representatives
def test_a_cuda_device_gives_what_the_cpu_gives(name: str) -> None:
    plan = plan_of(name)
    network, images = network_of(name), images_for(plan)
    with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
        expected = network(images)
        output = build(plan, torch.device("cuda"))
        output.load_state_dict(network.state_dict())
        torch.testing.assert_close(
            output(images.cuda()).cpu(), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max())
        )

"""Forward and backward: op by op the gradients are those of the whole graph, and every op is stamped both ways."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.measure.clock import HostTimes
from mbconv_cli.plan.draft import BlockDraft, Draft, network_input
from mbconv_cli.plan.op_kinds import Add, ChannelSlice, Concat, Conv2d, Multiply
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import Network, build
from mbconv_cli.pytorch.training import FreshGradients, TrainingPass

CPU = torch.device("cpu")
NETWORKS = ("bottleneck-v3-se-last", "mobilenet-v2-0.35", "mobilenet-v3-small-minimal")


def crossing() -> Plan:
    """The input cut in two; a value read by three ops, one of which reads it twice."""
    draft = Draft()
    block, image = BlockDraft(draft, "stem", "stem"), network_input((4, 3, 3))
    left = block.add("stem", "left", ChannelSlice(0, 2), image)
    right = block.add("stem", "right", ChannelSlice(2, 4), image)
    a = block.add("stem", "a", Conv2d(2, 2, (1, 1)), left)
    b = block.add("stem", "b", Conv2d(2, 2, (1, 1)), right)
    twice = block.add("stem", "twice", Add(), a, a)
    product = block.add("stem", "product", Multiply(), twice, a)
    block.add("stem", "concat", Concat(), product, b, a)
    return draft.finish("crossing", (4, 3, 3))


def training(plan: Plan) -> tuple[Network, TrainingPass]:
    torch.manual_seed(0)
    network = build(plan, CPU, inplace=False).train()
    return network, TrainingPass(plan, network, torch.randn(4, *plan.input_shape))


def gradients(network: nn.Module) -> dict[str, Tensor]:
    """Copies of all parameters' gradients, which are then let go."""
    found = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    network.zero_grad()
    return found


@pytest.mark.parametrize("name", [*NETWORKS, "crossing"])
def test_op_by_op_the_gradients_are_those_of_the_whole_graph(name: str) -> None:
    plan = crossing() if name == "crossing" else open_network(name, resolution=33).plan
    network, one_pass = training(plan)
    one_pass(None)
    whole = gradients(network)
    stamps: list[None] = []
    one_pass(lambda: stamps.append(None))
    by_op = gradients(network)
    assert whole.keys() == by_op.keys() == dict(network.named_parameters()).keys()
    for parameter, gradient in whole.items():
        torch.testing.assert_close(by_op[parameter], gradient, rtol=1e-4, atol=1e-5 * float(gradient.abs().max()))
    assert len(stamps) == 2 * len(plan.ops)


def test_ops_go_back_in_the_reverse_order() -> None:
    plan = crossing()
    network, one_pass = training(plan)
    order: list[str] = []
    for op in plan.ops:
        module = network.get_submodule(op.name)
        module.register_forward_hook(lambda *_, name=op.name: order.append(name))
    with_weights = {"stem.a": network.get_submodule("stem.a"), "stem.b": network.get_submodule("stem.b")}
    seen: list[tuple[str, ...]] = []

    def stamp() -> None:
        seen.append(tuple(name for name, module in with_weights.items() if next(module.parameters()).grad is not None))

    one_pass(stamp)
    ops = [op.name for op in plan.ops]
    assert order == ops
    first_seen = {name: next(i for i, names in enumerate(seen) if name in names) for name in with_weights}
    assert first_seen == {name: 2 * len(ops) - 1 - ops.index(name) for name in with_weights}


def test_gradients_are_let_go_before_the_clock_starts() -> None:
    network = nn.Linear(1, 1)
    network(torch.ones(1, 1)).sum().backward()
    told: list[str] = []

    class Clock:
        def start(self) -> None:
            told.append("start" if network.weight.grad is None else "start with gradients")

        def stamp(self) -> None:
            told.append("stamp")

        def finish(self) -> list[float]:
            told.append("finish")
            return [1.0]

        def host_times(self) -> HostTimes:
            return HostTimes(enqueue=2.0, wall=3.0)

    clock = FreshGradients(network, Clock())
    clock.start()
    clock.stamp()
    assert clock.finish() == [1.0]
    assert clock.host_times() == HostTimes(enqueue=2.0, wall=3.0)
    assert told == ["start", "stamp", "finish"]

"""Forward and backward: the whole network as one graph, or op by op with a stamp after each, there and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mbconv_cli.measure.clock import Clock, HostTimes
from mbconv_cli.measure.latency import Stamp
from mbconv_cli.plan.ops import INPUT, Plan
from mbconv_cli.pytorch.built_network import Network


class _Step(NamedTuple):
    """One op: its module, that module's parameters, and which ops gave its inputs (None: the network's input)."""

    module: nn.Module
    parameters: tuple[nn.Parameter, ...]
    sources: tuple[int | None, ...]


class TrainingPass:
    """A pass forward and backward that leaves the gradients in `.grad` of the parameters.

    Plain, it is one graph: the network's forward pass, and `backward` with the gradient of the output given, as a
    loss would hand it in. Stamped, autograd is driven op by op: an op runs on inputs cut off from what gave them,
    with a stamp after each; then, from the last op to the first, each op's own backward with the gradient of its
    output, again with a stamp after each. So a stamped pass has two times an op: the k-th of n ops is timed as the
    k-th forward and as the (2 n - 1 - k)-th in all.

    Args:
        plan: what the network was built from.
        network: built to work out of place, in training mode.
        images: `[N, C, H, W]`.
    """

    def __init__(self, plan: Plan, network: Network, images: Tensor) -> None:
        self._network = network
        self._images = images
        with torch.no_grad():
            self._gradient = torch.randn_like(network(images))
        index_of: dict[str, int | None] = {INPUT: None} | {op.name: index for index, op in enumerate(plan.ops)}
        self._steps = [
            _Step(
                network.get_submodule(op.name),
                tuple(network.get_submodule(op.name).parameters()),
                tuple(index_of[value.name] for value in op.inputs),
            )
            for op in plan.ops
        ]

    def __call__(self, stamp: Stamp | None) -> None:
        """Run once, plain or stamped."""
        if stamp is None:
            self._network(self._images).backward(self._gradient)
            return
        inputs, outputs = self._forward(stamp)
        self._backward(inputs, outputs, stamp)

    def by_op(self, stamp: Stamp | None) -> None:
        """Run once as one graph of autograd, without the gradients of the last pass; stamps on the way there alone."""
        self._network.zero_grad(set_to_none=True)
        output = self._network.run(self._images, stamp)
        output.backward(self._gradient)  # type: ignore[no-untyped-call]  # torch's own

    def _forward(self, stamp: Stamp) -> tuple[list[list[Tensor]], list[Tensor]]:
        inputs: list[list[Tensor]] = []
        outputs: list[Tensor] = []
        for step in self._steps:
            read = [self._images if source is None else _cut_off(outputs[source]) for source in step.sources]
            inputs.append(read)
            outputs.append(step.module(*read))
            stamp()
        return inputs, outputs

    def _backward(self, inputs: list[list[Tensor]], outputs: list[Tensor], stamp: Stamp) -> None:
        """From the last op to the first; what is not needed any more is released on the way."""
        gradients: list[Tensor | None] = [None] * len(self._steps)
        gradients[-1] = self._gradient
        for index in reversed(range(len(self._steps))):
            gradient, gradients[index] = gradients[index], None
            read, output = inputs.pop(), outputs.pop()
            if gradient is not None:
                _step_back(self._steps[index], read, output, gradient, gradients)
            stamp()


def _cut_off(value: Tensor) -> Tensor:
    """The same values as the start of a graph of their own."""
    return value.detach().requires_grad_(value.requires_grad)


def _step_back(
    step: _Step, inputs: Sequence[Tensor], output: Tensor, gradient: Tensor, gradients: list[Tensor | None]
) -> None:
    """An op's backward: gradients of its parameters into `.grad`, those of its inputs added to what readers gave."""
    wanted = [(source, value) for source, value in zip(step.sources, inputs, strict=True) if value.requires_grad]
    found = torch.autograd.grad(output, [*(value for _, value in wanted), *step.parameters], gradient)
    for (source, _), part in zip(wanted, found, strict=False):
        assert source is not None
        before = gradients[source]
        gradients[source] = part if before is None else before + part
    for parameter, part in zip(step.parameters, found[len(wanted) :], strict=True):
        parameter.grad = part


class FreshGradients:
    """A clock that first lets go of the last pass's gradients, so that no pass is timed with it.

    Args:
        network: whose gradients.
        clock: what takes the stamps.
    """

    def __init__(self, network: nn.Module, clock: Clock) -> None:
        self._network = network
        self._clock = clock

    def start(self) -> None:
        """Let go of the gradients, then begin a pass."""
        self._network.zero_grad(set_to_none=True)
        self._clock.start()

    def stamp(self) -> None:
        """Take a stamp."""
        self._clock.stamp()

    def finish(self) -> list[float]:
        """Times between neighbouring stamps, in ms."""
        return self._clock.finish()

    def host_times(self) -> HostTimes | None:
        """The pass as the host saw it."""
        return self._clock.host_times()

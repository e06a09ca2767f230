"""A module forward and backward: as it is called, and as its captured program with the times of every op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from mbconv_cli.errors import InputError
from mbconv_cli.measure.latency import Stamp
from mbconv_cli.pytorch.capture.example_inputs import Inputs
from mbconv_cli.pytorch.capture.program import CapturedProgram

TRAINING_NOTE: Final = (
    "pass: forward and backward as one graph of autograd, in training mode; in a stamped pass an op has gone backward "
    "when the gradient of its inputs is there; a layer's time is that of both directions, but MACs, FLOPs and bytes "
    "are those of the forward pass"
)


class CapturedTraining:
    """Passes that leave the gradients in `.grad` of the module's parameters.

    The gradients of the outputs are given, as a loss would hand them in.

    Args:
        module: in training mode.
        program: its calls in that mode, on the same weights.
        inputs: of both.

    Raises:
        InputError: no output depends on a parameter.
    """

    def __init__(self, module: nn.Module, program: CapturedProgram, inputs: Inputs) -> None:
        self._module = module
        self._program = program
        self._inputs = inputs
        self._gradients = [torch.randn_like(output) for output in _differentiable(self._called())]
        if not self._gradients:
            raise InputError("--pass train: no output of the module depends on a parameter, so nothing goes backward")

    def as_called(self) -> None:
        """The module as its user trains it."""
        self._backward(self._called())

    def by_program(self) -> None:
        """The captured program, plain."""
        self._backward(self._program.run(self._inputs))

    def by_op(self, stamp: Stamp | None) -> None:
        """The captured program without the gradients of the last pass; stamps on the way there alone."""
        self._module.zero_grad(set_to_none=True)
        self._backward(self._program.run(self._inputs, stamp and (lambda _: stamp())))

    def stamped(self, stamp: Stamp) -> None:
        """The captured program with a stamp after each op: there, and from the last op back to the first."""
        way_back = _WayBack(self._program.ops, stamp)
        self._backward(self._program.run(self._inputs, way_back.follow))
        way_back.arrived(-1)

    def _called(self) -> Any:
        return self._module(*self._inputs.positional, **self._inputs.named)

    def _backward(self, outputs: Any) -> None:
        torch.autograd.backward(_differentiable(outputs), self._gradients)


class _WayBack:
    """Stamps of a way there and back.

    Autograd runs what was called last first, so it has the gradient of an op's output when all ops behind that one have
    gone backward. An op that has no gradient takes no time on the way back.

    Args:
        ops: how many there are.
        stamp: takes a stamp.
    """

    def __init__(self, ops: int, stamp: Stamp) -> None:
        self._ops = ops
        self._stamp = stamp
        self._there = 0
        self._back = 0

    def follow(self, output: Any) -> None:
        """An op has run: take a stamp, and be given when the gradient of what it gave is there."""
        self._stamp()
        for tensor in output if isinstance(output, tuple | list) else (output,):
            if tensor.requires_grad:
                tensor.register_hook(_calling(self.arrived, self._there))
        self._there += 1

    def arrived(self, op: int) -> None:
        """All ops behind this one have gone backward."""
        for _ in range(self._ops - 1 - op - self._back):
            self._stamp()
            self._back += 1


def _calling(arrived: Callable[[int], None], op: int) -> Callable[[Tensor], None]:
    return lambda _: arrived(op)


def _differentiable(outputs: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(outputs) if isinstance(leaf, Tensor) and leaf.requires_grad]

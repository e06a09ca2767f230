"""Do a built network and another library's module compute the same, given the same weights?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from mbconv_cli.plan.op_kinds import Activation, Add, BatchNorm, Conv2d
from mbconv_cli.plan.ops import Op, Plan
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.peers.alignment import align
from mbconv_cli.pytorch.peers.calls import Call, record_calls
from mbconv_cli.pytorch.peers.peer_modules import make_peer
from mbconv_cli.pytorch.weights import copy_weights

SEED: Final = 0
SMALLEST_VARIANCE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Forward:
    """What came of it.

    Attributes:
        difference: largest |ours - theirs| of the output, over the largest |theirs|.
        first_op: the first op whose own output differs by more than the tolerance, where the difference does.
        reason: what is set otherwise there than here, if that is known; empty if not.
    """

    difference: float
    first_op: str | None = None
    reason: str = ""


def compare_forward(plan: Plan, peer: str, tolerance: float) -> Forward:
    """Run both on one random image, on the CPU in float32, with the peer's weights and statistics copied.

    The peer's norms get random weights, and statistics near those of what passes through them, so that activations
    stay in the range where one function differs from another.

    Args:
        plan: what to build.
        peer: `torchvision:NAME` or `timm:NAME`.
        tolerance: above which difference to look for the op.

    Raises:
        PeerAbsentError: its library is not there.
        InputError: the library has no such network.
        WeightMismatchError: the layers differ; names the first pair.
    """
    cpu = torch.device("cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        theirs, ours = make_peer(peer, cpu), build(plan, cpu)
        image = torch.randn(1, *plan.input_shape)
        with _randomised_norms(theirs):
            their_output, their_calls = record_calls(theirs, image)
        copy_weights(theirs, ours, image)
        our_output, our_calls = record_calls(ours, image)
    difference = relative_difference(our_output, their_output)
    agrees = difference <= tolerance  # not so for NaN
    return Forward(difference) if agrees else Forward(difference, *_first_op(plan, our_calls, their_calls, tolerance))


def relative_difference(ours: Tensor, theirs: Tensor) -> float:
    """The largest |ours - theirs| over the largest |theirs|."""
    return float((ours - theirs).abs().max() / theirs.abs().max())


def _first_op(plan: Plan, ours: Sequence[Call], theirs: Sequence[Call], tolerance: float) -> tuple[str | None, str]:
    """Where the outputs of both part, and why: looked up in samples of what each op gave."""
    unseen: list[Op] = []  # ops without a call of their own on both sides, since the last one that agreed
    suspect = ""  # a sample of outputs may agree although the functions differ, as ReLU's and ReLU6's do
    for op, our_calls, their_calls in zip(plan.ops, align(plan, ours), align(plan, theirs), strict=True):
        if len(our_calls) != 1 or len(their_calls) != 1:
            unseen.append(op)
            continue
        ours_given, theirs_given = our_calls[0].sample, their_calls[0].sample
        if ours_given.shape != theirs_given.shape or not relative_difference(ours_given, theirs_given) <= tolerance:
            return op.name, _reason(op, our_calls[0], their_calls[0]) or suspect or _option(op, unseen)
        if not suspect and (other := _reason(op, our_calls[0], their_calls[0])):
            suspect = f"{op.name} is {other}"
        unseen = []
    return None, ""


def _reason(op: Op, ours: Call, theirs: Call) -> str:
    """What explains that an op's outputs differ, though its weights are the same."""
    if ours.short_name != theirs.short_name:
        return f"{ours.short_name} here, {theirs.short_name} there"
    eps = getattr(theirs.module, "eps", None)
    if isinstance(op.kind, BatchNorm) and eps not in {None, op.kind.eps}:
        return f"norm.eps {op.kind.eps:g} here, {eps:g} there"
    return ""


def _option(op: Op, unseen: Sequence[Op]) -> str:
    """The option of the spec that most likely causes a difference at an op: of what runs between it and what agreed."""
    for before in unseen:
        match before.kind:
            case Activation(function=function):
                return f"see the option `activation`: {before.name} is {function} here"
            case Add():
                return f"see the option `shortcut`: {before.name} adds one here"
            case _:
                continue
    match op.kind:
        case Conv2d(kernel_size=size, padding=padding) if max(size) > 1:
            return f"see the option `padding`: {'-'.join(map(str, padding))} pixels (top, bottom, left, right) here"
        case _:
            return "see the options `shortcut` and `activation` of what runs before it"


@contextmanager
def _randomised_norms(module: nn.Module) -> Iterator[None]:
    """In this context, norms that run for the first time take on statistics near those of their input."""

    def randomise(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0)
        norm.running_mean.copy_(mean + variance.sqrt() * _uniform(mean, -0.5, 0.5))
        norm.running_var.copy_(variance.clamp_min(SMALLEST_VARIANCE) * _uniform(mean, 0.5, 2.0))

    norms = [norm for norm in module.modules() if isinstance(norm, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.weight.copy_(_uniform(norm.weight, 0.5, 1.5))
            norm.bias.copy_(_uniform(norm.bias, -0.5, 0.5))
    hooks = [norm.register_forward_pre_hook(randomise) for norm in norms]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _uniform(like: Tensor, low: float, high: float) -> Tensor:
    return torch.empty_like(like).uniform_(low, high)

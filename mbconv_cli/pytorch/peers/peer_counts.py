"""What another library's module costs, counted by running it, and where it first differs from a Plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from mbconv_cli.cost.counts import cost_of
from mbconv_cli.plan.op_kinds import BatchNorm, BlurPool, ConditionalConv2d, Conv2d, Kind, Linear
from mbconv_cli.plan.ops import Op, Plan
from mbconv_cli.pytorch.peers.alignment import pair_up, weight_shape
from mbconv_cli.pytorch.peers.calls import Call
from mbconv_cli.pytorch.peers.peer_modules import make_peer, record_on_meta
from mbconv_cli.pytorch.weights import without_one_pixel

WITH_WEIGHTS: Final[tuple[tuple[type[Kind], ...], ...]] = (
    (Conv2d, Linear, BlurPool),
    (ConditionalConv2d,),
    (BatchNorm,),
)


@dataclass(frozen=True, slots=True)
class Layer:
    """What is compared of a layer that has weights."""

    weights: tuple[int, ...]
    params: int
    macs: int

    def __str__(self) -> str:
        bias = " and bias" if len(self.weights) > 1 and self.params != math.prod(self.weights) else ""
        return f"weights {'x'.join(map(str, self.weights))}{bias}, {self.macs:,} MAC"


@dataclass(frozen=True, slots=True)
class PeerCount:
    """A peer's costs.

    Attributes:
        params: trainable parameters.
        macs: multiply-accumulates of its convolutions and linear layers for one image.
        first_difference: the first op that is not what the peer runs in its place, in words; None if all are.
    """

    params: int
    macs: int
    first_difference: str | None


def count_peer(plan: Plan, peer: str) -> PeerCount:
    """Count a peer at the Plan's resolution, by what it calls on the meta device.

    Raises:
        PeerAbsentError: its library is not there.
        PeerRefusesError: the peer cannot take an image of the Plan's shape.
        InputError: the library has no such network.
    """
    module, calls = record_on_meta(lambda device: make_peer(peer, device), plan.input_shape)
    return PeerCount(
        params=sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad),
        macs=sum(call.macs for call in calls),
        first_difference=_first_difference(plan, calls),
    )


def _first_difference(plan: Plan, calls: list[Call]) -> str | None:
    for kinds in WITH_WEIGHTS:
        for op, members in pair_up(plan, calls, kinds):
            ours = _layer_of_op(op) if op else None
            theirs = _layer_of_calls(members) if members else None
            if ours != theirs:
                there = f"there {members[0].path or 'the network'} has {theirs}" if members else "nothing is left there"
                return f"{op.name} has {ours}, {there}" if op else f"nothing is left here, {there}"
    return None


def _layer_of_op(op: Op) -> Layer:
    assert isinstance(op.kind, BlurPool | Conv2d | ConditionalConv2d | Linear | BatchNorm)
    cost = cost_of(op)
    return Layer(without_one_pixel(weight_shape(op.kind)), cost.params, cost.macs)


def _layer_of_calls(calls: tuple[Call, ...]) -> Layer:
    """One layer, or those of all groups of one."""
    first = calls[0].weights.get("weight")
    shape = (len(calls) * first.shape[0], *first.shape[1:]) if first is not None else ()
    return Layer(without_one_pixel(shape), sum(call.params for call in calls), sum(call.macs for call in calls))

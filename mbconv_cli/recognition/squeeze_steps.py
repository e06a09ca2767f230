"""Reading squeeze-and-excitation from ops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from mbconv_cli.plan.op_kinds import Conv2d, GlobalAvgPool, Linear, Multiply
from mbconv_cli.plan.ops import Op
from mbconv_cli.recognition.convolution_steps import NO_ACTIVATION, ONE, activations
from mbconv_cli.recognition.op_graph import Cursor
from mbconv_cli.spec.values import Gate

SqueezePlace: TypeAlias = Literal["depthwise", "project"]
GATES: Final = get_args(Gate)


@dataclass(frozen=True, slots=True)
class Squeeze:
    """Squeeze-and-excitation as it was found.

    Attributes:
        filters: channels between the two layers.
        activation: after the first layer.
        expand_activation: after the second one, before the gate.
        gate: what makes a factor of it.
        bias: of both layers.
        places: the convolutions that it follows, as a network's `se.place` calls them.
        name: of its first op.
    """

    filters: int
    activation: str
    expand_activation: str
    gate: str
    bias: bool
    places: frozenset[str]
    name: str


def squeezes(cursor: Cursor, *places: SqueezePlace) -> Iterator[tuple[Squeeze | None, Cursor]]:
    """Squeeze-and-excitation of the value here, and none."""
    yield None, cursor
    for pool, pooled in cursor.then(GlobalAvgPool):
        for reduce, reduced in _layers(pooled):
            for activation, active in activations(reduced):
                for expand, expanded in _layers(active):
                    for expand_activation, gate, factor in _gates(expanded):
                        for behind in cursor.joined(Multiply, factor):
                            if (bias := _bias(reduce)) == _bias(expand):
                                words = (activation, expand_activation, gate)
                                yield (
                                    Squeeze(reduce.output.channels, *words, bias, frozenset(places), pool.name),
                                    behind,
                                )


def _layers(cursor: Cursor) -> Iterator[tuple[Op, Cursor]]:
    """Fully connected layers, as such or as 1x1 convolutions."""
    for op, behind in cursor.then(Conv2d, Linear):
        if isinstance(op.kind, Linear) or (op.kind.kernel_size == ONE and op.kind.groups == 1):  # type: ignore[union-attr]  # only these two come
            yield op, behind


def _bias(op: Op) -> bool:
    assert isinstance(op.kind, Conv2d | Linear)
    return op.kind.bias


def _gates(cursor: Cursor) -> Iterator[tuple[str, str, Cursor]]:
    """(activation, gate) and where one stands behind them."""
    for first, behind in activations(cursor):
        if first == NO_ACTIVATION:
            continue
        if first in GATES:
            yield NO_ACTIVATION, first, behind
        for second, end in activations(behind):
            if second in GATES:
                yield first, second, end

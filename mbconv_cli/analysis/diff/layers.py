"""Ops with their costs and with what they are like, so that two networks' can be compared."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, fields
from typing import Final

from mbconv_cli.analysis.columns import cost_cells
from mbconv_cli.analysis.diff.spec_options import Options
from mbconv_cli.analysis.grouping import By, group_ops
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Row

COST_KEYS: Final = ("params", "macs", "bytes")


@dataclass(frozen=True, slots=True)
class Layer:
    """An op.

    Attributes:
        row: as in a profile by layer.
        content: equal for ops that compute the same; names play no part in it.
        options: what it is like.
        reads: how many ops before it each of its inputs was computed; nothing where that is not known.
    """

    row: Row
    content: Hashable
    options: Options
    reads: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The op's."""
        return str(self.row["name"])

    def count(self, key: str) -> int:
        """One of its exact costs."""
        value = self.row[key]
        assert isinstance(value, int)
        return value

    def shape(self, key: str) -> tuple[int, ...]:
        """`input_shape` or `output_shape`, without the batch."""
        shape = self.row[key]
        assert isinstance(shape, tuple)
        return shape


def plan_layers(plan: Plan, batch_size: int, *, roles: bool = True) -> tuple[Layer, ...]:
    """A Plan's ops with all that is known of them.

    Args:
        plan: the network.
        batch_size: images in a batch.
        roles: whether ops of different roles are different; not so where one network is code, which has no paper.
    """
    places = {op.name: index for index, op in enumerate(plan.ops)}
    layers = []
    for index, (op, cost, group) in enumerate(zip(plan.ops, plan_costs(plan), group_ops(plan, By.LAYER), strict=True)):
        content = (op.role if roles else "", op.kind, tuple(value.shape for value in op.inputs), op.output.shape)
        reads = tuple(index - places.get(value.name, -1) for value in op.inputs)
        settings = {field.name: getattr(op.kind, field.name) for field in fields(op.kind)}
        if "kernel_size" in settings:
            settings["kernel_size"] = "x".join(map(str, settings["kernel_size"]))
        shapes = {"input_shape": op.inputs[0].shape if op.inputs else (), "output_shape": op.output.shape}
        row = group.labels | cost_cells(cost, batch_size)
        layers.append(Layer(row, content, Options(settings | shapes), reads))
    return tuple(layers)


def stored_layers(rows: Iterable[Row]) -> tuple[Layer, ...]:
    """The ops of a stored profile, of which no more is known than their rows say: no kernel sizes, no functions."""
    layers = []
    for row in rows:
        known = {key: row[key] for key in ("op", "role", "input_shape", "output_shape", *COST_KEYS)}
        layers.append(Layer(row, tuple(known.values()), Options(known)))
    return tuple(layers)

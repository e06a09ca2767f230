"""The latency of a network from models of its ops."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mbconv_cli.analysis.prediction.op_model import OpModel, Timed, fit
from mbconv_cli.analysis.prediction.op_traits import Traits, far_outside, traits
from mbconv_cli.errors import InputError
from mbconv_cli.measure.statistics.estimates import Estimate
from mbconv_cli.plan.ops import Op


class UnpredictableError(InputError):
    """An op is far outside of all that was measured."""


@dataclass(frozen=True, slots=True)
class MeasuredNetwork:
    """A network that was measured op by op.

    Attributes:
        name: of it.
        macs: of one image.
        latency_ms: of its pass as a whole.
        ops: what each of its ops took; equal ones are one, with their mean.
        layers_ms: all of them together.
    """

    name: str
    macs: int
    latency_ms: float
    ops: tuple[Timed, ...]
    layers_ms: float


@dataclass(frozen=True, slots=True)
class Predictor:
    """Models of ops, and what a pass takes beside the sum of its ops.

    Attributes:
        models: by the kind of op.
        whole: of a pass over the sum of its ops; near 1.
        error: half the interval's width, as a logarithm: of 100 networks that were left out, 95 were within.
    """

    models: Mapping[str, OpModel]
    whole: float
    error: float = 0.0
    _known: dict[Traits, float] = field(default_factory=dict)

    def op_ms(self, op: Op) -> float:
        """The time of an op within a pass.

        Raises:
            UnpredictableError: it is far outside of what was measured; names it.
        """
        return self.traits_ms(traits(op), op.name)

    def traits_ms(self, one: Traits, name: str) -> float:
        """The time of an op that is so, within a pass.

        Args:
            one: what it is.
            name: of the op, for the message.

        Raises:
            UnpredictableError: it is far outside of what was measured.
        """
        found = self._known.get(one)
        if found is None:
            model = self.models.get(one.kind)
            reason = far_outside(one, model.measured if model else None)
            if reason or model is None:
                raise UnpredictableError(f"{name}: {reason}; measure more networks into the table, or this one itself")
            found = self._known[one] = self.whole * model.milliseconds(one)
        return found

    def latency(self, ops: Sequence[Op]) -> Estimate:
        """The time of a pass in ms, with the interval that held-out networks were within.

        Raises:
            UnpredictableError: ops are far outside of what was measured; names them.
        """
        return self.interval(math.fsum(self.op_ms(op) for op in ops))

    def interval(self, milliseconds: float) -> Estimate:
        """A sum of ops' times with its interval."""
        factor = math.exp(self.error)
        return Estimate(milliseconds, milliseconds / factor, milliseconds * factor)


def fitted(networks: Sequence[MeasuredNetwork], error: float = 0.0) -> Predictor:
    """The predictor from networks that were measured, at least one."""
    by_kind: dict[str, list[Timed]] = {}
    for network in networks:
        for op in network.ops:
            by_kind.setdefault(op.traits.kind, []).append(op)
    ratios = [math.log(network.latency_ms / network.layers_ms) for network in networks]
    whole = math.exp(math.fsum(ratios) / len(ratios))
    return Predictor({kind: fit(ops) for kind, ops in by_kind.items()}, whole, error)

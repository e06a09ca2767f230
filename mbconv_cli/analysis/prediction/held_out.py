"""How good predictions are: networks that are left out of the fit, and predicted by the others."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mbconv_cli.analysis.prediction.predictor import MeasuredNetwork, Predictor, UnpredictableError, fitted
from mbconv_cli.measure.statistics.rank_correlation import spearman

FOLDS: Final = 5
COVERAGE: Final = 0.95
FEWEST_NETWORKS: Final = 5


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A network beside its prediction by others.

    Attributes:
        name: the network's.
        measured_ms: its latency.
        predicted_ms: by a predictor that has not seen it; None where an op was far outside of what the others have.
        by_macs_ms: by its MACs alone: the latency that others of as many MACs have.
        reason: why there is no prediction.
    """

    name: str
    measured_ms: float
    predicted_ms: float | None
    by_macs_ms: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Errors:
    """How far predictions are off.

    Attributes:
        networks: that were predicted.
        within_5: the share of them within 5 % of what was measured.
        within_10: likewise 10 %.
        rmse_ms: root mean square error.
        spearman: rank correlation with what was measured.
    """

    networks: int
    within_5: float
    within_10: float
    rmse_ms: float
    spearman: float


def hold_out(networks: Sequence[MeasuredNetwork], seed: int = 0) -> list[HeldOut]:
    """Each network predicted by those of the other folds, in the order given."""
    order = random.Random(seed).sample(range(len(networks)), len(networks))  # noqa: S311 - folds, no secret
    found: dict[int, HeldOut] = {}
    for fold in range(min(FOLDS, len(networks))):
        left_out = set(order[fold::FOLDS])
        others = [network for index, network in enumerate(networks) if index not in left_out]
        predictor, by_macs = fitted(others), macs_line(others)
        for index in left_out:
            found[index] = _held_out(networks[index], predictor, by_macs)
    return [found[index] for index in range(len(networks))]


def macs_line(networks: Sequence[MeasuredNetwork]) -> tuple[float, float]:
    """MACs as a predictor: log(latency) over log(MACs) as a line, by least squares: (slope, level)."""
    xs = [math.log(network.macs) for network in networks]
    ys = [math.log(network.latency_ms) for network in networks]
    x, y = math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)
    spread = math.fsum((each - x) ** 2 for each in xs)
    slope = math.fsum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / spread if spread else 0.0
    return slope, y - slope * x


def _held_out(network: MeasuredNetwork, predictor: Predictor, by_macs: tuple[float, float]) -> HeldOut:
    slope, level = by_macs
    macs_ms = math.exp(slope * math.log(network.macs) + level)
    try:
        predicted = math.fsum(predictor.traits_ms(one.traits, network.name) * one.count for one in network.ops)
    except UnpredictableError as error:
        return HeldOut(network.name, network.latency_ms, None, macs_ms, error.sentences[0])
    return HeldOut(network.name, network.latency_ms, predicted, macs_ms)


def errors(pairs: Sequence[tuple[float, float]]) -> Errors:
    """Of (predicted, measured) in ms, at least one."""
    shares = [abs(predicted / measured - 1) for predicted, measured in pairs]
    squares = [(predicted - measured) ** 2 for predicted, measured in pairs]
    return Errors(
        len(pairs),
        sum(share <= 0.05 for share in shares) / len(pairs),
        sum(share <= 0.10 for share in shares) / len(pairs),
        math.sqrt(math.fsum(squares) / len(pairs)),
        spearman(*zip(*pairs, strict=True)),
    )


def interval_error(held: Sequence[HeldOut]) -> float:
    """Half the width of an interval that holds 95 of 100 networks, as a logarithm.

    The conformal quantile of the held-out errors: of n, the ceil(0.95 (n + 1))-th smallest (Vovk, Gammerman and Shafer,
    Algorithmic Learning in a Random World, 2005, section 2.2); with fewer than 19 the largest one, which holds fewer.
    """
    off = sorted(abs(math.log(one.predicted_ms / one.measured_ms)) for one in held if one.predicted_ms is not None)
    return off[min(math.ceil(COVERAGE * (len(off) + 1)), len(off)) - 1] if off else math.inf

"""Held-out errors of predicted latency: of the table's own models, of scikit-learn's, and of MACs alone.

    python benchmarks/prediction.py TURNS.jsonl [--threads 1] [--processes 5] [--fold-norm] [--where CONDITION]
        [NETWORK...]

TURNS.jsonl keeps what is measured, as `mbconv table build --resume` does: an interrupted script goes on where it was.
scikit-learn is compared where it is installed; the same folds, the same samples, sizes and work as its columns.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from mbconv_cli.analysis.frontier.contenders import CONDITION_UNITS, chosen_networks
from mbconv_cli.analysis.prediction.held_out import FOLDS, errors, macs_line
from mbconv_cli.analysis.prediction.op_model import Timed, fit
from mbconv_cli.analysis.prediction.op_traits import Traits
from mbconv_cli.analysis.prediction.predictor import MeasuredNetwork
from mbconv_cli.analysis.prediction.table_build import measured_networks
from mbconv_cli.analysis.sweep.constraints import parse_conditions
from mbconv_cli.analysis.turns.kept_turns import KeptTurns
from mbconv_cli.analysis.turns.turn_measuring import TurnPlan, measure_turns
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Execution
from mbconv_cli.spec.catalogue import Catalogue

OpTime: TypeAlias = Callable[[Traits], float]
Fit: TypeAlias = Callable[[Sequence[Timed]], OpTime]


def own(timed: Sequence[Timed]) -> OpTime:
    """The table's model."""
    return fit(timed).milliseconds


def learned(make: Callable[[], Any]) -> Fit:
    """A regressor of scikit-learn, on the logarithm of the time."""

    def fitted(timed: Sequence[Timed]) -> OpTime:
        model = make().fit([_columns(one.traits) for one in timed], [math.log(one.milliseconds) for one in timed])
        known: dict[Traits, float] = {}

        def time(one: Traits) -> float:
            if one not in known:
                known[one] = math.exp(model.predict([_columns(one)])[0])
            return known[one]

        return time

    return fitted


def _columns(one: Traits) -> list[float]:
    return [*one.logs, math.log1p(one.macs), math.log1p(one.elements)]


def fits() -> dict[str, Fit]:
    """All that is compared."""
    found: dict[str, Fit] = {"table": own}
    if find_spec("sklearn"):
        from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor

        found["extra trees"] = learned(lambda: ExtraTreesRegressor(100, random_state=0))
        found["gradient boosting"] = learned(
            lambda: GradientBoostingRegressor(n_estimators=200, max_depth=4, learning_rate=0.07, random_state=0)
        )
    return found


def pairs(networks: Sequence[MeasuredNetwork], how: Fit | None, seed: int = 0) -> list[tuple[float, float]]:
    """(predicted, measured) of every network that the others can predict; by MACs alone without a fit."""
    order = random.Random(seed).sample(range(len(networks)), len(networks))  # noqa: S311 - folds, no secret
    found = []
    for fold in range(min(FOLDS, len(networks))):
        left_out = set(order[fold::FOLDS])
        others = [network for index, network in enumerate(networks) if index not in left_out]
        predict = _by_macs(others) if how is None else _by_ops(others, how)
        for index in sorted(left_out):
            predicted = predict(networks[index])
            if predicted is not None:
                found.append((predicted, networks[index].latency_ms))
    return found


def _by_macs(networks: Sequence[MeasuredNetwork]) -> Callable[[MeasuredNetwork], float | None]:
    slope, level = macs_line(networks)
    return lambda one: math.exp(slope * math.log(one.macs) + level)


def _by_ops(networks: Sequence[MeasuredNetwork], how: Fit) -> Callable[[MeasuredNetwork], float | None]:
    by_kind: dict[str, list[Timed]] = {}
    for op in (op for network in networks for op in network.ops):
        by_kind.setdefault(op.traits.kind, []).append(op)
    models = {kind: how(timed) for kind, timed in by_kind.items()}
    ratios = [math.log(network.latency_ms / network.layers_ms) for network in networks]
    whole = math.exp(math.fsum(ratios) / len(ratios))

    def predict(network: MeasuredNetwork) -> float | None:
        if any(op.traits.kind not in models for op in network.ops):
            return None
        return whole * math.fsum(op.count * models[op.traits.kind](op.traits) for op in network.ops)

    return predict


def main() -> None:
    """Measure what is missing, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("turns", type=Path)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--fold-norm", action="store_true")
    parser.add_argument("--where", action="append", default=[])
    given = parser.parse_args()
    form = Execution(threads=given.threads, fold_norm=given.fold_norm)
    conditions = parse_conditions(given.where, CONDITION_UNITS)
    networks = chosen_networks(given.networks, None, conditions, form, Catalogue())
    kept = KeptTurns(given.turns)
    plan = TurnPlan(DeviceChoice("cpu"), given.processes, kept, lambda _: lambda _: None, layers=True)
    turns = measure_turns(networks, [form], plan)
    measured = measured_networks(networks, form, turns)
    print(f"{len(measured)} networks, {sum(len(one.ops) for one in measured)} ops")
    for name, how in {**fits(), "MACs alone": None}.items():
        found = errors(pairs(measured, how))
        print(
            f"{name}: {found.networks} networks, within 5 % {100 * found.within_5:.0f} %, within 10 % "
            f"{100 * found.within_10:.0f} %, RMSE {found.rmse_ms:.3f} ms, Spearman {found.spearman:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""Points of a space as networks that can be measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.sweep.constraints import Condition
from mbconv_cli.analysis.sweep.evaluation import Evaluator
from mbconv_cli.analysis.sweep.sampling import Permutation
from mbconv_cli.errors import InputError
from mbconv_cli.plan.planner import PlanError, input_of, make_plan
from mbconv_cli.spec.space import Space

MOST_TRIES: Final = 1_000


def network_at(evaluator: Evaluator, space: Space, point: int) -> OpenNetwork:
    """The network of a point, named after it.

    Raises:
        InputError: no network can be so.
    """
    name = f"{space.name}-{point}"
    spec = evaluator.spec(space.combination(point)).model_copy(update={"name": name})
    try:
        return OpenNetwork(spec, make_plan(spec))
    except PlanError as error:
        raise InputError(f"{name}: {error}") from error


def drawn_networks(space: Space, count: int, seed: int, conditions: Sequence[Condition] = ()) -> list[OpenNetwork]:
    """Distinct random points of a space that satisfy all conditions, as many as there are, `count` at most.

    Raises:
        InputError: none of those that were tried satisfies them.
    """
    found = list(islice(_tried(space, seed, conditions), count))
    if not found:
        texts = " and ".join(condition.text for condition in conditions)
        raise InputError(f"{space.name}: no network of those that were tried satisfies {texts}; loosen a condition")
    return found


def _tried(space: Space, seed: int, conditions: Sequence[Condition]) -> Iterator[OpenNetwork]:
    evaluator, point_at = Evaluator(space), Permutation(space.size, seed)
    for position in range(min(space.size, MOST_TRIES)):
        combination = space.combination(point_at(position))
        try:
            resolution = max(input_of(evaluator.spec(combination)).shape[1:])
            figures = evaluator.figures(combination) | {"resolution": resolution}
            if all(condition.holds(figures) for condition in conditions):
                yield network_at(evaluator, space, point_at(position))
        except InputError:
            continue  # some combinations are no network; a sweep reports them

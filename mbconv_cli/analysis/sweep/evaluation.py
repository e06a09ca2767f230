"""The exact costs of a space's points, each stage of equal rows and input computed once in a process."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

from mbconv_cli import __version__
from mbconv_cli.analysis.columns import FLOAT32_BYTES
from mbconv_cli.analysis.prediction.table_file import LatencyTable
from mbconv_cli.analysis.sweep.constraints import Condition
from mbconv_cli.analysis.sweep.sampling import Permutation
from mbconv_cli.cost.activation_memory import alive_activations
from mbconv_cli.cost.counts import Cost, plan_costs, total
from mbconv_cli.errors import InputError, Mark
from mbconv_cli.plan.draft import Draft, network_input
from mbconv_cli.plan.ops import Shape
from mbconv_cli.plan.plan_rewrites import fold_norm
from mbconv_cli.plan.planner import NetworkPart, PlanError, input_of, network_parts, plan_part
from mbconv_cli.spec.loader import validated
from mbconv_cli.spec.rows import BlockRow
from mbconv_cli.spec.space import Alternative, Combination, Space, SpaceAxis
from mbconv_cli.spec.spec import Spec
from mbconv_cli.yaml.yaml_text import Document, Path

POSITION: Final = "position"
POINT: Final = "point"
PREDICTED_MS: Final = "predicted_ms"
ERROR: Final = "error"

Figures: TypeAlias = dict[str, Any]


class PartFigures(NamedTuple):
    """What one part of a network comes to."""

    cost: Cost
    peak_activations: int
    output_shape: Shape
    predicted_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """What does not change from row to row: a network's settings, and what was computed under them.

    Attributes:
        combination: a valid point with these settings.
        spec: its network.
        rows: validated rows, by their index and the alternatives that change them.
        parts: figures by a part's key and its input's shape.
    """

    combination: Combination
    spec: Spec
    rows: dict[tuple[int, Combination], BlockRow] = field(default_factory=dict)
    parts: dict[tuple[Hashable, Shape], PartFigures] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepJob:
    """What a process evaluates.

    Attributes:
        space: the points.
        conditions: which points are kept.
        sample: how many points are drawn; None for all of them, in their order.
        seed: of the sample.
        table: from which latency is predicted, if it is.
    """

    space: Space
    conditions: tuple[Condition, ...] = ()
    sample: int | None = None
    seed: int = 0
    table: LatencyTable | None = None

    @property
    def positions(self) -> int:
        """How many points are evaluated."""
        return self.space.size if self.sample is None else min(self.sample, self.space.size)

    @cached_property
    def digest(self) -> str:
        """The same for two jobs with the same rows at the same positions."""
        axes = [(axis.name, [alternative.edits for alternative in axis.alternatives]) for axis in self.space.axes]
        conditions = [(condition.key, condition.relation, str(condition.value)) for condition in self.conditions]
        drawn = None if self.sample is None else (self.sample, self.seed)
        table = [self.table.model_dump_json()] if self.table else []
        content = [__version__, self.space.document.data, axes, conditions, drawn, *table]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def points(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The positions from `start` to `stop` (exclusive), each with its point."""
        place = Permutation(self.space.size, self.seed) if self.sample is not None else None
        for position in range(start, min(stop, self.positions)):
            yield position, place(position) if place else position


class Chunk(NamedTuple):
    """The results of neighbouring positions.

    Attributes:
        start: the first position.
        stop: behind the last position.
        rows: the points that satisfy all conditions, and those that no network can have with the reason as their
            `error`; each as JSON text of one line.
    """

    start: int
    stop: int
    rows: list[str]


class Evaluator:
    """The costs of points of one space; what was computed for one point is used again for the next ones.

    Args:
        space: whose points.
        table: from which latency is predicted, if it is.
    """

    def __init__(self, space: Space, table: LatencyTable | None = None) -> None:
        self._space = space
        self._predictor = table.predictor() if table else None
        self._folded = table is not None and table.execution.fold_norm
        self._axes_of_rows: dict[int | None, list[int]] = {}
        for index, axis in enumerate(space.axes):
            for row in _touched(axis):
                self._axes_of_rows.setdefault(row, []).append(index)
        self._frames: dict[Combination, Frame] = {}

    def spec(self, combination: Combination) -> Spec:
        """The network at a point.

        Raises:
            InputError: it is not valid.
        """
        chosen = self._space.alternatives(combination)
        return validated((_edited(self._space.document, chosen), []), self._space.name).spec

    def figures(self, combination: Combination) -> Figures:
        """A point's exact costs for one image in float32, and its predicted latency where there is a table.

        Raises:
            InputError: no network can be so, or its latency cannot be predicted.
        """
        spec, known = self._prepared(combination)
        cost, peak, shape, predicted_ms = Cost(), 0, input_of(spec).shape, 0.0
        for part in network_parts(spec):
            key = (part.key, shape)
            found = known.get(key)
            if found is None:
                found = known[key] = self._part_figures(part, shape)
            cost, peak, shape = total((cost, found.cost)), max(peak, found.peak_activations), found.output_shape
            predicted_ms += found.predicted_ms
        return {
            "params": cost.params,
            "macs": cost.macs,
            "flops": cost.flops,
            "bytes": cost.bytes(1, FLOAT32_BYTES),
            "peak_bytes": peak * FLOAT32_BYTES,
            **({PREDICTED_MS: predicted_ms} if self._predictor else {}),
        }

    def _part_figures(self, part: NetworkPart, shape: Shape) -> PartFigures:
        draft = Draft()
        try:
            output = plan_part(draft, part, network_input(shape))
        except PlanError as error:
            raise InputError(str(error)) from error
        plan = draft.finish("", shape)
        if self._folded:
            plan = fold_norm(plan)
        predicted_ms = math.fsum(map(self._predictor.op_ms, plan.ops)) if self._predictor else 0.0
        return PartFigures(total(plan_costs(plan)), max(alive_activations(plan)), output.shape, predicted_ms)

    def _prepared(self, combination: Combination) -> tuple[Spec, dict[tuple[Hashable, Shape], PartFigures]]:
        """The network at a point, of rows that were validated before where they were seen before."""
        settings = self._part_of(combination, None)
        frame = self._frames.get(settings)
        if frame is None:
            frame = self._frames[settings] = Frame(combination, self.spec(combination))
        rows = tuple([self._row(index, combination, frame) for index in range(len(frame.spec.blocks))])
        return frame.spec.model_copy(update={"blocks": rows}), frame.parts

    def _row(self, index: int, combination: Combination, frame: Frame) -> BlockRow:
        """A row of a point, validated in a network that is valid otherwise."""
        own = self._part_of(combination, index)
        row = frame.rows.get((index, own))
        if row is None:
            mixed = list(frame.combination)
            for axis in self._axes_of_rows.get(index, ()):
                mixed[axis] = combination[axis]
            row = frame.rows[index, own] = self.spec(tuple(mixed)).blocks[index]
        return row

    def _part_of(self, combination: Combination, row: int | None) -> Combination:
        """The choices that decide over a row, or over all that is no row."""
        return tuple([combination[axis] for axis in self._axes_of_rows.get(row, ())])


def evaluate_chunk(job: SweepJob, start: int, stop: int) -> Chunk:
    """The costs of the points at some positions. This is the function that every scheduler runs."""
    evaluator = _evaluator_of(job)
    rows: list[str] = []
    for position, point in job.points(start, stop):
        combination = job.space.combination(point)
        head = {POSITION: position, POINT: point, **labels(job.space, combination)}
        try:
            figures = evaluator.figures(combination)
        except InputError as error:
            rows.append(json.dumps({**head, ERROR: error.sentences[0]}))
            continue
        if all(condition.holds(figures) for condition in job.conditions):
            rows.append(json.dumps({**head, **figures}))
    return Chunk(start, stop, rows)


_EVALUATORS: dict[str, Evaluator] = {}
"""The evaluator of the job that this process works on: one chunk's stages are those of the next one, too."""


def _evaluator_of(job: SweepJob) -> Evaluator:
    if job.digest not in _EVALUATORS:
        _EVALUATORS.clear()
        _EVALUATORS[job.digest] = Evaluator(job.space, job.table)
    return _EVALUATORS[job.digest]


def labels(space: Space, combination: Combination) -> dict[str, Any]:
    """A point's alternatives under the names of their axes."""
    chosen = space.alternatives(combination)
    return {axis.name: alternative.label for axis, alternative in zip(space.axes, chosen, strict=True)}


def _touched(axis: SpaceAxis) -> frozenset[int | None]:
    """The rows that an axis changes, by index, and None if it changes anything else."""
    paths = [edit.path for alternative in axis.alternatives for edit in alternative.edits]
    return frozenset(path[1] if path[0] == "blocks" and isinstance(path[1], int) else None for path in paths)


def _edited(document: Document, chosen: Sequence[Alternative]) -> Document:
    """The document with the edits of the chosen alternatives; what they do not touch is shared."""
    data, marks = document.data, dict(document.value_marks)
    for alternative in chosen:
        for path, value in alternative.edits:
            data = _with_value(data, path, value)
            marks[path] = Mark(f"choice {alternative.label}", 0, 0)
    return Document(data, document.key_marks, marks)


def _with_value(node: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    step, *rest = path
    if isinstance(step, int):
        return [_with_value(item, tuple(rest), value) if i == step else item for i, item in enumerate(node)]
    return {**node, step: _with_value(node.get(step, {}), tuple(rest), value)}

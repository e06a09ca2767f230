"""Spec -> Plan: stem, stages, head, classifier."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from mbconv_cli.errors import InputError, Problem
from mbconv_cli.plan.blocks.registry import BLOCK_TYPES, describe
from mbconv_cli.plan.draft import BlockDraft, Draft, network_input
from mbconv_cli.plan.op_kinds import GlobalAvgPool, Linear
from mbconv_cli.plan.ops import Plan, Value
from mbconv_cli.plan.parts import Place, activate, convolution, normalize, pool, style_of
from mbconv_cli.plan.scaling import compounded, scale_filters, scale_head, scale_layer, scale_repeats, scale_stem
from mbconv_cli.plan.shapes import ShapeError
from mbconv_cli.spec.attention_rows import MobileAttention
from mbconv_cli.spec.layer_rows import Pool, Skip
from mbconv_cli.spec.loader import LoadedSpec
from mbconv_cli.spec.output_stride import StemStrideError, dilated
from mbconv_cli.spec.row_keys import Row
from mbconv_cli.spec.spec import Classifier, Head, Spec, Stem
from mbconv_cli.spec.validation_messages import subject
from mbconv_cli.spec.values import kernel_text
from mbconv_cli.yaml.yaml_text import Path

MAX_BLOCKS: Final = 10_000


class PlanError(ValueError):
    """A Spec that no network can have, with the path of what is to blame."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(what)
        self.path = path


def plan_loaded(loaded: LoadedSpec) -> Plan:
    """The Plan of a loaded spec.

    Raises:
        InputError: no network can be so; said with file, line and column.
    """
    try:
        return make_plan(loaded.spec)
    except PlanError as error:
        raise InputError(Problem(str(error), loaded.where(error.path))) from error


@dataclass(frozen=True, slots=True)
class NetworkPart:
    """The stem, a row, the head or the classifier of a Spec.

    Attributes:
        path: of the part in the Spec.
        plan: (draft, input) -> output; adds the part's ops to the draft.
        key: equal for two parts of one Spec's settings that give the same ops for the same input.
    """

    path: Path
    plan: Callable[[Draft, Value], Value]
    key: Hashable


def network_parts(spec: Spec) -> Iterator[NetworkPart]:
    """The parts of a network in the order in which they run."""
    spec = effective(spec)
    if spec.stem:
        yield NetworkPart(("stem",), partial(_plan_stem, spec, spec.stem), "stem")
    repeats = scale_repeats(spec)
    for number, rows in enumerate(spec.stages()):
        first = 0
        for index in rows:
            run = _Run(index, f"stages.{number}", first, repeats[index])
            of_row = (spec.blocks[index], run.repeat, spec.filters_into(index))
            yield NetworkPart(("blocks", index), partial(_plan_row, spec, run), of_row)
            first += run.repeat
    if spec.head:
        of_head = ("head", spec.filters_into(len(spec.blocks)))
        yield NetworkPart(("head",), partial(_plan_head, spec, spec.head), of_head)
    if spec.classifier:
        yield NetworkPart(("classifier",), partial(_plan_classifier, spec, spec.classifier), "classifier")


def effective(spec: Spec) -> Spec:
    """The Spec with what its compound coefficient and its output stride make of it.

    Raises:
        PlanError: the output stride is below the stem's.
    """
    try:
        return dilated(compounded(spec))
    except StemStrideError as error:
        raise PlanError(("output_stride",), f"output_stride: {error}") from error


def input_of(spec: Spec) -> Value:
    """The image that goes into a network, `(C, H, W)`."""
    resolution = compounded(spec).scaling.resolution or spec.input.resolution
    return network_input((spec.input.channels, *resolution))


def make_plan(spec: Spec) -> Plan:
    """The ops of a network, in the order in which they run.

    Raises:
        PlanError: shapes do not fit, a feature map vanishes, no op is left, or there are too many blocks.
    """
    draft, x = Draft(), input_of(spec)
    input_shape = x.shape
    for part in network_parts(spec):
        x = plan_part(draft, part, x)
    if not draft.ops:
        raise PlanError(("blocks",), "no op; every row is skipped")
    return draft.finish(spec.name, input_shape)


def plan_part(draft: Draft, part: NetworkPart, x: Value) -> Value:
    """Add one part's ops to a draft.

    Raises:
        PlanError: shapes do not fit, a feature map vanishes, or there are too many blocks.
    """
    try:
        return part.plan(draft, x)
    except ShapeError as error:
        raise PlanError(part.path, f"{subject(part.path)}: {error}") from error


def _plan_stem(spec: Spec, stem: Stem, draft: Draft, x: Value) -> Value:
    block = BlockDraft(draft, "stem", "stem")
    before = stem.filters_before or ()
    y = x
    for index, filters in enumerate((*before, stem.output_filters)):
        y = convolution(
            block,
            "stem",
            y,
            style_of(spec, stem),
            scale_stem(filters, spec.scaling),
            kernel_size=stem.kernel_size,
            stride=stem.stride if index == 0 else (1, 1),
            norm=stem.norm,
            activation=stem.activation or spec.activation,
            part=f"{index}." if index < len(before) else "",
        )
    operator = f"{f'{len(before) + 1} ' if before else ''}Conv, k{kernel_text(stem.kernel_size)}"
    if stem.max_pool:
        window = stem.max_pool
        y = pool(block, "stem", y, "maximum", window.kernel_size, window.stride, spec.padding)
        operator += f", MaxPool, k{kernel_text(window.kernel_size)}"
    block.close(operator, "", x, y, stem.stride)
    return y


@dataclass(frozen=True, slots=True)
class _Run:
    """The blocks of a row: in which stage, the number of the first in it, and how many."""

    row: int
    stage: str
    first: int
    repeat: int


def _plan_row(spec: Spec, run: _Run, draft: Draft, x: Value) -> Value:
    """A row of the table: the first block has the row's stride, the others keep the shape."""
    row = spec.blocks[run.row]
    if isinstance(row, Skip):
        return x
    block_type, operator = BLOCK_TYPES[type(row)], describe(row)
    if len(draft.blocks) + run.repeat > MAX_BLOCKS:
        raise ShapeError(f"more than {MAX_BLOCKS:,} blocks")
    for index in range(run.repeat):
        name = f"{run.stage}.{run.first + index}"
        if index > 1 and draft.blocks[-1].input_shape == x.shape:
            x = draft.repeat_block(name)  # from the second one on, a row's blocks differ by their names alone
            continue
        place = _place(spec, row, index, x)
        # A block that depth scaling adds is like the last one of the table.
        opens = min(index, row.num_repeat - 1) == 0
        table_filters = row.output_filters if isinstance(row, Row) and not opens else spec.filters_into(run.row)
        block = BlockDraft(draft, name, run.stage, run.row, table_filters)
        y = block_type.plan(block, row, spec, x, place)
        block.close(operator, block_type.name, x, y, place.stride, place.dilation)
        x = y
    return x


def _place(spec: Spec, row: Row | Pool | MobileAttention, index: int, x: Value) -> Place:
    """Where the n-th block of a row stands."""
    stride = row.stride if index == 0 else (1, 1)
    if not isinstance(row, Row):
        return Place(x.channels, stride)
    dilation = row.first_dilation if index == 0 and row.first_dilation else row.dilation
    return Place(scale_filters(row.output_filters, spec.scaling), stride, dilation)


def _plan_head(spec: Spec, head: Head, draft: Draft, x: Value) -> Value:
    block = BlockDraft(draft, "head", "head")
    y = convolution(
        block,
        "head",
        x,
        style_of(spec, head),
        scale_head(head.output_filters, spec),
        kernel_size=head.kernel_size,
        norm=head.norm,
        activation=head.activation or spec.activation,
    )
    block.close(f"Conv, k{kernel_text(head.kernel_size)}", "", x, y, (1, 1))
    return y


def _plan_classifier(spec: Spec, classifier: Classifier, draft: Draft, x: Value) -> Value:
    block = BlockDraft(draft, "classifier", "classifier")
    y = block.add("classifier", "pool", GlobalAvgPool(keep_dims=False), x)
    operator = "Pool, FC"
    if classifier.hidden_filters is not None:
        width = scale_layer(classifier.hidden_filters, spec.scaling.hidden, spec.scaling)
        y = block.add("classifier", "hidden", Linear(y.channels, width, classifier.hidden_bias), y)
        if classifier.hidden_norm:
            y = normalize(block, "classifier", y, spec.norm)
        y = activate(block, "classifier", y, classifier.activation or spec.activation)
        operator = "Pool, FC, FC"
    y = block.add("classifier", "linear", Linear(y.channels, classifier.num_classes), y)
    block.close(operator, "", x, y, (1, 1))
    return y

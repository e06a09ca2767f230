"""Spec -> Plan: stem, stages, head, classifier."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from mbconv_cli.errors import InputError, Problem
from mbconv_cli.plan.blocks.registry import BLOCK_TYPES, describe
from mbconv_cli.plan.draft import BlockDraft, Draft, network_input
from mbconv_cli.plan.ops import GlobalAvgPool, Linear, Plan, Value
from mbconv_cli.plan.parts import activate, convolution, max_pool, normalize
from mbconv_cli.plan.scaling import scale_filters, scale_head, scale_repeats, scale_stem
from mbconv_cli.plan.shapes import ShapeError
from mbconv_cli.spec.loader import LoadedSpec
from mbconv_cli.spec.spec import Classifier, Head, Spec, Stem
from mbconv_cli.spec.validation_messages import subject
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
    if spec.stem:
        yield NetworkPart(("stem",), partial(_plan_stem, spec, spec.stem), "stem")
    for index, repeat in enumerate(scale_repeats(spec.blocks, spec.scaling)):
        key = (spec.blocks[index], repeat, spec.filters_into(index))
        yield NetworkPart(("blocks", index), partial(_plan_stage, spec, index, repeat), key)
    if spec.head:
        yield NetworkPart(("head",), partial(_plan_head, spec, spec.head), "head")
    if spec.classifier:
        yield NetworkPart(("classifier",), partial(_plan_classifier, spec, spec.classifier), "classifier")


def input_of(spec: Spec) -> Value:
    """The image that goes into a network, `(C, H, W)`."""
    return network_input((spec.input.channels, *(spec.scaling.resolution or spec.input.resolution)))


def make_plan(spec: Spec) -> Plan:
    """The ops of a network, in the order in which they run.

    Raises:
        PlanError: shapes do not fit, a feature map vanishes, or there are too many blocks.
    """
    draft, x = Draft(), input_of(spec)
    input_shape = x.shape
    for part in network_parts(spec):
        x = plan_part(draft, part, x)
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
    y = convolution(
        block,
        "stem",
        x,
        spec,
        scale_stem(stem.output_filters, spec.scaling),
        kernel_size=stem.kernel_size,
        stride=stem.stride,
        padding=stem.padding,
        activation=stem.activation or spec.activation,
    )
    operator = f"Conv, k{stem.kernel_size}x{stem.kernel_size}"
    if stem.max_pool:
        pool = stem.max_pool
        y = max_pool(block, "stem", y, pool.kernel_size, pool.stride, spec.padding)
        operator += f", MaxPool, k{pool.kernel_size}x{pool.kernel_size}"
    block.close(operator, "", x, y, stem.stride)
    return y


def _plan_stage(spec: Spec, row_index: int, repeat: int, draft: Draft, x: Value) -> Value:
    """A row of the table: the first block has the row's stride, the others keep the shape."""
    row, stage = spec.blocks[row_index], f"stages.{row_index}"
    block_type = BLOCK_TYPES[type(row)]
    output_filters = scale_filters(row.output_filters, spec.scaling)
    operator = describe(row)
    if len(draft.blocks) + repeat > MAX_BLOCKS:
        raise ShapeError(f"more than {MAX_BLOCKS:,} blocks")
    for index in range(repeat):
        stride = row.stride if index == 0 else (1, 1)
        table_filters = spec.filters_into(row_index) if index == 0 else row.output_filters
        block = BlockDraft(draft, f"{stage}.{index}", stage, table_filters)
        y = block_type.plan(block, row, spec, x, output_filters, stride)
        block.close(operator, block_type.name, x, y, stride)
        x = y
    return x


def _plan_head(spec: Spec, head: Head, draft: Draft, x: Value) -> Value:
    block = BlockDraft(draft, "head", "head")
    y = convolution(
        block,
        "head",
        x,
        spec,
        scale_head(head.output_filters, spec.scaling),
        kernel_size=head.kernel_size,
        activation=head.activation or spec.activation,
    )
    block.close(f"Conv, k{head.kernel_size}x{head.kernel_size}", "", x, y, (1, 1))
    return y


def _plan_classifier(spec: Spec, classifier: Classifier, draft: Draft, x: Value) -> Value:
    block = BlockDraft(draft, "classifier", "classifier")
    y = block.add("classifier", "pool", GlobalAvgPool(keep_dims=False), x)
    operator = "Pool, FC"
    if classifier.hidden_filters is not None:
        y = block.add("classifier", "hidden", Linear(y.channels, classifier.hidden_filters, classifier.hidden_bias), y)
        if classifier.hidden_norm:
            y = normalize(block, "classifier", y, spec)
        y = activate(block, "classifier", y, classifier.activation or spec.activation)
        operator = "Pool, FC, FC"
    y = block.add("classifier", "linear", Linear(y.channels, classifier.num_classes), y)
    block.close(operator, "", x, y, (1, 1))
    return y

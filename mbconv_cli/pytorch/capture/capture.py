"""Module -> Plan: every call that computes something becomes an op, named by the module that makes it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import fx
from torch.export import ExportedProgram

from mbconv_cli.cost.counts import cost_of
from mbconv_cli.errors import InputError
from mbconv_cli.plan.op_kinds import AtenCall, ChannelSlice, Conv2d, GlobalAvgPool, Kind, Multiply, op_name
from mbconv_cli.plan.ops import INPUT, Block, Op, Plan, Shape, Value
from mbconv_cli.pytorch.capture.aten_kinds import (
    blur,
    conditional,
    is_mixture,
    kind_of,
    len_and_size,
    mixed_convolution,
    zero_padding,
)
from mbconv_cli.pytorch.capture.attention_calls import FoundAttention, attentions
from mbconv_cli.pytorch.capture.call_roles import role_of
from mbconv_cli.pytorch.capture.channel_shuffles import FoundShuffle, shuffles
from mbconv_cli.pytorch.capture.graph_calls import CallGraph, GraphCall, Read, call_graph
from mbconv_cli.pytorch.capture.mac_formulas import macs_of
from mbconv_cli.pytorch.capture.module_tree import block_of, call_names, stage_of, view_names
from mbconv_cli.units import counted

_LONGEST_ARGUMENTS: Final = 120


@dataclass(frozen=True, slots=True)
class CapturedPlan:
    """A module's Plan, and what its program is made of.

    Attributes:
        plan: the ops.
        nodes: the graph's node that computes each op, in the Plan's order.
        unread_params: trainable parameters that no op reads.
        batch_size: that of the inputs it was exported with.
    """

    plan: Plan
    nodes: tuple[fx.Node, ...]
    unread_params: int = 0
    batch_size: int = 1


def captured_plan(program: ExportedProgram, name: str, *, views: bool = False) -> CapturedPlan:
    """The Plan of an exported module.

    A module all of whose calls are ops of the vocabulary, image by image, becomes a Plan like any other, which can be
    compared with one that was read from YAML. Every other keeps the shapes of the batch that it was exported with.

    Args:
        program: the module, exported.
        name: the Plan's.
        views: whether calls that give a view of what they read are ops, too.

    Raises:
        InputError: it computes nothing.
    """
    captured = _Assembly(call_graph(program, slices=True), name, views=views).captured()
    if not any(isinstance(op.kind, AtenCall) and not op.kind.view for op in captured.plan.ops):
        per_image = _per_image(captured.plan)
        if per_image is not None:
            return replace(captured, plan=per_image)
    if any(isinstance(op.kind, ChannelSlice) for op in captured.plan.ops):
        return _Assembly(call_graph(program, slices=False), name, views=views).captured()
    return captured


class _Assembly:
    """A Plan in the making."""

    def __init__(self, graph: CallGraph, name: str, *, views: bool) -> None:
        if not graph.calls:
            raise InputError(f"{name} computes nothing: none of its calls gives a new tensor")
        self.graph = graph
        self.name = name
        self.views = views
        self.names = call_names(graph.calls)
        self.inputs = [INPUT, *(f"{INPUT}:{node.name}" for node in graph.inputs[1:])]
        self.readers = Counter(_source(read) for call in graph.calls for read in call.reads.values())
        self.seen: set[str] = set()
        self.shared: set[str] = set()

    def captured(self) -> CapturedPlan:
        """The Plan of all calls."""
        pads, mixtures = dict(self._pads()), dict(self._mixtures())
        found = {one.last: one for one in attentions(self.graph)}
        shuffled = {one.copy: one for one in shuffles(self.graph)}
        merged = {*pads.values(), *(one for products in mixtures.values() for one in products)}
        merged = merged.union(*(one.merged for one in found.values()))
        ops: list[tuple[Op, fx.Node]] = []
        for index, call in enumerate(self.graph.calls):
            if index in found:
                ops.append((self._attention(index, call, found[index]), call.node))
            elif index in shuffled:
                ops.append((self._shuffle(index, call, shuffled[index]), call.node))
            elif index not in merged:
                ops.append((self._op(index, call, pads.get(index), mixtures.get(index, ())), call.node))
        if self.views:
            places = {node: place for place, node in enumerate(self.graph.calls[0].node.graph.nodes)}
            ops = sorted([*ops, *self._shown_views(merged, shuffled)], key=lambda one: places[one[1]])
        plan_ops = _without_kept_dims([op for op, _ in ops])
        shapes = [tuple(map(int, node.meta["val"].shape)) for node in self.graph.inputs]
        plan = Plan(
            name=self.name,
            input_shape=shapes[0] if shapes else (),
            ops=plan_ops,
            blocks=_blocks(plan_ops, self.graph.classes),
            batch_size=shapes[0][0] if shapes and shapes[0] else 1,
            more_inputs=tuple(Value(n, s) for n, s in zip(self.inputs[1:], shapes[1:], strict=True)),
            remarks=tuple(self._remarks(plan_ops)),
        )
        unread = sum(count for path, count in self.graph.parameters.items() if path not in self.seen)
        return CapturedPlan(plan, tuple(node for _, node in ops), unread, plan.batch_size or 1)

    def _pads(self) -> Iterator[tuple[int, int]]:
        """Convolutions with the padding before them, which nobody else reads: one op of the vocabulary.

        It is by zeros, or in any way that a blur has.
        """
        for index, call in enumerate(self.graph.calls):
            read = call.reads.get(call.arguments["input"]) if call.target == "conv2d" else None
            if read is None or not isinstance(read.source, int) or read.source < 0 or not read.whole:
                continue
            padding = self.graph.calls[read.source]
            if self.readers[read.source] == 1 and (zero_padding(padding) or blur(call, padding)):
                yield index, read.source

    def _mixtures(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Convolutions with the products that mix their kernel, and their bias if there is one, of those of experts."""
        for index, call in enumerate(self.graph.calls):
            tensors = [call.arguments[key] for key in ("weight", "bias")] if call.target == "conv2d" else []
            sources = [call.reads[one].source for one in tensors if one is not None]
            products = tuple(one for one in sources if isinstance(one, int) and self._mixes(one))
            if products and len(products) == len(sources):
                mixed = [self.graph.calls[one] for one in products]
                if mixed_convolution(call, mixed) and len({one.arguments["self"] for one in mixed}) == 1:
                    yield index, products

    def _mixes(self, index: int) -> bool:
        """Whether a call is a product with one matrix of the module's own, which nobody else reads."""
        call = self.graph.calls[index] if index >= 0 else None
        return call is not None and call.target == "matmul" and self.readers[index] == 1 and is_mixture(call)

    def _op(self, index: int, call: GraphCall, pad: int | None, products: Sequence[int]) -> Op:
        inputs = [self._value(read) for read in call.values]
        name = self.names[index]
        params, weights = self._weights(call)
        kind = kind_of(call)
        if pad is None and call.target == "conv2d":
            kind = blur(call, None) or kind
        output = call.outputs[0]
        if pad is not None:
            padding = self.graph.calls[pad]
            kind = blur(call, padding) or _padded(kind, zero_padding(padding))
            inputs = [self._value(padding.values[0]), *inputs[1:]]
        mixed = [self.graph.calls[one] for one in products]
        if mixed:
            params, weights = (sum(counts) for counts in zip(*map(self._weights, mixed), strict=True))
            images = mixed[0].outputs[0][0]
            assert isinstance(kind, Conv2d)
            kind = conditional(kind, mixed[0])
            inputs = [_image_by_image(inputs[0], images), self._value(mixed[0].values[0])]
            output = _image_by_image(Value(name, output), images).shape
        if isinstance(kind, Multiply):
            inputs.sort(key=lambda value: len_and_size(value.shape), reverse=True)
        op = Op(
            kind or AtenCall(""),
            tuple(inputs),
            Value(name, output),
            stage_of(name),
            block_of(name),
            role_of(call),
        )
        if kind is not None and inputs and (cost_of(op).params, cost_of(op).weights) == (params, weights):
            return op
        return op._replace(kind=_aten_call(call, params, weights, mixed))

    def _attention(self, index: int, call: GraphCall, found: FoundAttention) -> Op:
        name, inputs = self.names[index], tuple(map(self._value, found.reads))
        output = Value(name, call.outputs[0])
        return Op(found.kind, inputs, output, stage_of(name), block_of(name), "attention")

    def _shuffle(self, index: int, call: GraphCall, found: FoundShuffle) -> Op:
        name, value = self.names[index], self._value(found.read)
        return Op(found.kind, (value,), Value(name, value.shape), stage_of(name), block_of(name), role_of(call))

    def _shown_views(self, merged: Collection[int], shuffled: Collection[int]) -> Iterator[tuple[Op, fx.Node]]:
        """Views that are part of no op: neither of what is merged, nor those around a copy that is a shuffle."""
        made_by = {call.node: index for index, call in enumerate(self.graph.calls)}
        inside = {*merged, *shuffled}
        names = view_names(self.graph.views, self.names)
        for view, name in zip(self.graph.views, names, strict=True):
            source = self.graph.reads[view.node].source
            readers = set(self._readers(view.node, made_by))
            behind_shuffle = source in shuffled and len(view.values[0].shape) == 5
            if source in merged or behind_shuffle or (readers and readers <= inside):
                continue
            kind = AtenCall(view.target, _arguments_text(view), view=True)
            inputs = tuple(map(self._value, view.values))
            yield Op(kind, inputs, Value(name, view.outputs[0]), stage_of(name), block_of(name), "shape"), view.node

    def _readers(self, node: fx.Node, made_by: Mapping[fx.Node, int]) -> Iterator[int | None]:
        """The calls that read a node or a view of it; None for the module's output."""
        for user in node.users:
            if user in made_by:
                yield made_by[user]
            elif user in self.graph.reads:
                yield from self._readers(user, made_by)
            else:
                yield None

    def _value(self, read: Read) -> Value:
        assert isinstance(read.source, int)
        name = self.names[read.source] if read.source >= 0 else self.inputs[-1 - read.source]
        return Value(name, read.shape)

    def _weights(self, call: GraphCall) -> tuple[int, int]:
        """(parameters that no earlier call has read, elements that it reads of the module's own tensors)."""
        params = elements = 0
        for read in call.weights:
            weight = read.source
            assert not isinstance(weight, int)
            elements += min(weight.elements, math.prod(call.outputs[0])) if _looks_up(call, read) else weight.elements
            if weight.trainable and weight.path in self.seen:
                self.shared.add(weight.path)
            elif weight.trainable:
                params += weight.elements
                self.seen.add(weight.path)
        return params, elements

    def _remarks(self, ops: Sequence[Op]) -> Iterator[str]:
        unknown = Counter(op.kind.target for op in ops if isinstance(op.kind, AtenCall) and op.kind.macs is None)
        for target, count in unknown.items():
            times = counted(count, "call")
            yield f"warning: MACs are at least what is shown: {target} ({times}) is in no table of MACs"
        if self.shared:
            shown = ", ".join(sorted(self.shared)[:3]) + (", …" if len(self.shared) > 3 else "")
            yield f"weights: {counted(len(self.shared), 'parameter')} read by more than one op count once: {shown}"
        unused = {path: count for path, count in self.graph.parameters.items() if path not in self.seen}
        if unused:
            yield (
                f"weights: no op reads {counted(len(unused), 'parameter')} of {sum(unused.values()):,} elements, which "
                f"are not counted: {', '.join(sorted(unused)[:3])}{', …' if len(unused) > 3 else ''}"
            )


def _image_by_image(value: Value, images: int) -> Value:
    """A value of one image that has the channels of all images, as so many images."""
    _, channels, *extents = value.shape
    return Value(value.name, (images, channels // images, *extents))


def _source(read: Read) -> object:
    return read.source if isinstance(read.source, int) else read.source.path


def _looks_up(call: GraphCall, read: Read) -> bool:
    """Whether a call reads only some rows of a weight: at most as many elements as it gives."""
    table = call.arguments.get("weight" if "embedding" in call.target else "self")
    return call.target in {"embedding", "index", "index_select", "gather"} and read.node is table


def _padded(kind: Kind | None, padding: tuple[int, int, int, int] | None) -> Conv2d | None:
    if not isinstance(kind, Conv2d) or padding is None:
        return None
    top, bottom, left, right = (own + more for own, more in zip(kind.padding, padding, strict=True))
    return replace(kind, padding=(top, bottom, left, right))


def _aten_call(call: GraphCall, params: int, weights: int, merged: Sequence[GraphCall]) -> AtenCall:
    """The call as it is, with the products that were merged into it."""
    macs = [macs_of(one) for one in (call, *merged)]
    return AtenCall(
        target=call.target.removesuffix("_") if not call.target.endswith("__") else call.target,
        arguments=_arguments_text(call),
        macs=None if None in macs else sum(one for one in macs if one is not None),
        params=params,
        weights=weights,
        more_outputs=sum(map(math.prod, call.outputs[1:])),
    )


def _arguments_text(call: GraphCall) -> str:
    """The arguments that are no tensors and not the schema's defaults."""
    schema = getattr(call.node.target, "_schema", None)
    defaults = {a.name: a.default_value for a in schema.arguments if a.has_default_value()} if schema else {}
    shown = [
        f"{name}={_text(value)}"
        for name, value in call.arguments.items()
        if not _holds_node(value) and value is not None and not (name in defaults and value == defaults[name])
    ]
    text = ", ".join(shown)
    return text if len(text) <= _LONGEST_ARGUMENTS else f"{text[:_LONGEST_ARGUMENTS]}…"


def _holds_node(value: Any) -> bool:
    return isinstance(value, fx.Node) or (isinstance(value, list | tuple) and any(map(_holds_node, value)))


def _text(value: Any) -> str:
    return str(value).removeprefix("torch.") if isinstance(value, torch.dtype) else str(value)


def _without_kept_dims(ops: Sequence[Op]) -> tuple[Op, ...]:
    """Poolings whose readers all see a vector give one: what flattens them is a view, which is no op."""
    seen: dict[str, set[int]] = {}
    for op in ops:
        for value in op.inputs:
            seen.setdefault(value.name, set()).add(len(value.shape))

    def flat(op: Op) -> Op:
        if op.kind != GlobalAvgPool(keep_dims=True) or seen.get(op.name) != {2}:
            return op
        return op._replace(kind=GlobalAvgPool(keep_dims=False), output=Value(op.name, op.output.shape[:2]))

    return tuple(map(flat, ops))


def _blocks(ops: Sequence[Op], classes: Mapping[str, str]) -> tuple[Block, ...]:
    """A block for each that the ops belong to, called by the class of its module, in running order."""
    members: dict[str, list[Op]] = {}
    for op in ops:
        members.setdefault(op.block, []).append(op)
    return tuple(_block(name, inside, classes) for name, inside in members.items())


def _block(name: str, ops: Sequence[Op], classes: Mapping[str, str]) -> Block:
    first, last = ops[0], ops[-1]
    before = first.inputs[0].shape if first.inputs else ()
    title = classes.get(name) or op_name(first.kind)
    return Block(
        name,
        first.stage,
        title,
        title if len(ops) > 1 and name in classes else "",
        before,
        last.output.shape,
        _stride(before, last),
    )


def _stride(before: Shape, last: Op) -> tuple[int, int]:
    """By how much the height and width shrink, where both ends have them."""
    after = last.output.shape
    if len(before) < 3 or len(after) != len(before) or min(after) == 0:
        return 1, 1
    return max(1, round(before[-2] / after[-2])), max(1, round(before[-1] / after[-1]))


def _per_image(plan: Plan) -> Plan | None:
    """The Plan with shapes of one image, where every value has the batch in front; None where one has not."""
    size = plan.batch_size
    values = [*plan.inputs, *(value for op in plan.ops for value in (*op.inputs, op.output))]
    if plan.more_inputs or any(len(value.shape) < 2 or value.shape[0] != size for value in values):
        return None

    def image(op: Op) -> Op:
        return op._replace(inputs=tuple(map(_of_one, op.inputs)), output=_of_one(op.output))

    return replace(
        plan,
        input_shape=plan.input_shape[1:],
        ops=tuple(map(image, plan.ops)),
        blocks=tuple(
            replace(block, input_shape=block.input_shape[1:], output_shape=block.output_shape[1:])
            for block in plan.blocks
        ),
        batch_size=None,
    )


def _of_one(value: Value) -> Value:
    return Value(value.name, value.shape[1:])

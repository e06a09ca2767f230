"""An exported graph as the calls that compute something: views are looked through, and weights are distinguished."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor, fx
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind

Shape: TypeAlias = tuple[int, ...]

_REPETITION: Final = re.compile(r"@\d+")
_NOTHING: Final = ("_assert_tensor_metadata", "_assert_async", "_assert_scalar", "sym_size", "sym_constrain_range")
"""Calls that only check what was exported."""
DROPOUTS: Final = frozenset({"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"})
"""Calls that give what they were given, outside of training."""
COPIES: Final = frozenset({"contiguous", "clone", "reshape", "_unsafe_view", "flatten"})
"""Calls that write the elements that they read, in the order in which they read them."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A parameter, buffer or constant of a module.

    Attributes:
        path: in the module.
        elements: how many.
        trainable: whether it is a parameter that is trained.
        fixed: whether it is no parameter at all.
    """

    path: str
    elements: int
    trainable: bool
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A tensor that a call reads.

    Attributes:
        source: the call that wrote it (its place among all calls), -1 and below for the module's inputs, or a weight.
        shape: as it is read, after any views.
        whole: whether it is read as it was written, without a view in between.
        node: what the graph calls it.
    """

    source: int | Weight
    shape: Shape
    whole: bool
    node: fx.Node


@dataclass(frozen=True, slots=True)
class GraphCall:
    """A call of ATen that computes something.

    Attributes:
        node: the graph's node.
        target: the function's name, without overload and namespace `aten`.
        arguments: by the names of the function's schema, defaults included; tensors are nodes.
        reads: all tensors that it reads, in the order of its arguments, by node.
        outputs: shapes of what it gives.
        module: the path of the module that calls it.
        run: the same, and which run of that module it is.
        class_name: the class of that module.
    """

    node: fx.Node
    target: str
    arguments: Mapping[str, Any]
    reads: Mapping[fx.Node, Read]
    outputs: tuple[Shape, ...]
    module: str
    run: str
    class_name: str

    def shape(self, name: str) -> Shape:
        """The shape of a tensor argument."""
        return self.reads[self.arguments[name]].shape

    def weight(self, name: str) -> Weight | None:
        """The parameter or buffer that an argument is, as it lies in the module; None where it is anything else."""
        node = self.arguments.get(name)
        read = self.reads.get(node) if isinstance(node, fx.Node) else None
        return read.source if read is not None and read.whole and isinstance(read.source, Weight) else None

    @property
    def values(self) -> list[Read]:
        """What it reads that is no weight."""
        return [read for read in self.reads.values() if not isinstance(read.source, Weight)]

    @property
    def weights(self) -> list[Read]:
        """What it reads of the module's own tensors."""
        return [read for read in self.reads.values() if isinstance(read.source, Weight)]


@dataclass(slots=True)
class CallGraph:
    """What a module computes.

    Attributes:
        calls: in running order.
        inputs: the module's inputs, by node.
        output: what it gives first.
        classes: the class of every module that was run, by path.
        parameters: all trainable parameters of the module, by path, with their elements.
        reads: of every node that is a tensor, where it comes from.
        views: calls that give a view of what they read, dropout outside of training among them.
    """

    calls: list[GraphCall] = field(default_factory=list)
    inputs: list[fx.Node] = field(default_factory=list)
    output: Read | None = None
    classes: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)
    reads: dict[fx.Node, Read] = field(default_factory=dict)
    views: list[GraphCall] = field(default_factory=list)


def call_graph(program: ExportedProgram, *, slices: bool) -> CallGraph:
    """All calls of an exported module that compute something.

    Args:
        program: the module, exported.
        slices: whether a view of some channels of `[N, C, H, W]` is a call too.
    """
    graph = CallGraph()
    weights = _weights(program)
    graph.parameters = {w.path: w.elements for w in weights.values() if w.trainable}
    for node in program.graph.nodes:
        match node.op:
            case "placeholder":
                _add_placeholder(graph, node, weights)
            case "call_function":
                _add_call(graph, node, slices=slices)
            case "output":
                first = next(iter(node.all_input_nodes), None)
                graph.output = graph.reads.get(first) if first is not None else None
    return graph


def shapes_of(value: Any) -> tuple[Shape, ...]:
    """The shapes of a tensor, or of all tensors of a tuple."""
    return tuple(tuple(map(int, tensor.shape)) for tensor in _tensors(value))


def _weights(program: ExportedProgram) -> dict[str, Weight]:
    """The module's own tensors by the names of their placeholders."""
    found: dict[str, Weight] = {}
    first_path: dict[int, str] = {}  # one tensor may have several paths, and counts once
    for spec in program.graph_signature.input_specs:
        if spec.kind is InputKind.USER_INPUT or spec.target is None:
            continue
        held: Any = program.state_dict.get(spec.target, program.constants.get(spec.target))
        elements = held.numel() if isinstance(held, Tensor) else 0
        trainable = spec.kind is InputKind.PARAMETER and isinstance(held, Tensor) and held.requires_grad
        path = first_path.setdefault(id(held), spec.target)
        found[spec.arg.name] = Weight(path, elements, trainable, spec.kind is not InputKind.PARAMETER)
    return found


def _add_placeholder(graph: CallGraph, node: fx.Node, weights: Mapping[str, Weight]) -> None:
    shapes = shapes_of(node.meta.get("val"))
    weight = weights.get(node.name)
    if weight is None and shapes:
        graph.inputs.append(node)
        graph.reads[node] = Read(-len(graph.inputs), shapes[0], True, node)
    elif weight is not None:
        graph.reads[node] = Read(weight, shapes[0] if shapes else (), True, node)


def _add_call(graph: CallGraph, node: fx.Node, *, slices: bool) -> None:
    value = node.meta.get("val")
    shapes = shapes_of(value)
    target = target_name(node)
    if not shapes or target.startswith(_NOTHING):
        return
    reads = {one: graph.reads[one] for one in node.all_input_nodes if one in graph.reads}
    seen = _looked_through(node, target, reads)
    if seen is not None and not (slices and _takes_channels(node, seen)):
        graph.reads[node] = Read(seen.source, shapes[0], _same(seen, shapes[0]), node)
        if target != "getitem":  # Python's, to take one of several outputs
            graph.views.append(_call(graph, node, target, {seen.node: seen}, shapes))
        return
    if seen is None and _is_bookkeeping(node, reads):
        graph.reads[node] = next(iter(reads.values()))
        return
    if seen is not None:  # channels of a tensor, by way of the call that splits it
        whole = _split_tensor(node)
        reads = {whole: graph.reads[whole]}
    graph.calls.append(_call(graph, node, target, reads, shapes))
    graph.reads[node] = Read(len(graph.calls) - 1, shapes[0], True, node)


def _call(
    graph: CallGraph, node: fx.Node, target: str, reads: Mapping[fx.Node, Read], shapes: tuple[Shape, ...]
) -> GraphCall:
    module, run, class_name = _place(graph, node)
    return GraphCall(node, target, _arguments(node), reads, shapes, module, run, class_name)


def _is_bookkeeping(node: fx.Node, reads: Mapping[fx.Node, Read]) -> bool:
    """Whether a call only keeps count in the module's own tensors, as a norm does of its batches in training."""
    schema = getattr(node.target, "_schema", None)
    updates = schema is not None and schema.is_mutable and bool(reads)
    return updates and all(isinstance(read.source, Weight) for read in reads.values())


def _same(seen: Read, shape: Shape) -> bool:
    """Whether nothing was made of what is looked through: dropout in eval mode gives what it was given."""
    return seen.whole and seen.shape == shape


def _looked_through(node: fx.Node, target: str, reads: Mapping[fx.Node, Read]) -> Read | None:
    """What a node is a view of, or a part of where it is one of several outputs; None where it computes."""
    first = node.args[0] if node.args else None
    if target == "getitem":
        return reads.get(first) if isinstance(first, fx.Node) else None
    if target.strip("_") in DROPOUTS and not _arguments(node)["train"]:
        return next(iter(reads.values()), None)
    if target.removesuffix("_") == "add" and _adds_nothing(node):
        return next(iter(reads.values()), None)
    schema = getattr(node.target, "_schema", None)
    if schema is None or schema.is_mutable:
        return None
    mine = {_storage(tensor) for tensor in _tensors(node.meta.get("val"))}
    for one, read in reads.items():
        if mine <= {_storage(tensor) for tensor in _tensors(one.meta.get("val"))}:
            return read
    return None


def _adds_nothing(node: fx.Node) -> bool:
    """Whether a sum is with the number 0, from which a loop over summands begins."""
    arguments = _arguments(node)
    added, first = arguments["other"], arguments["self"]
    is_zero = isinstance(added, int | float) and added == 0
    return is_zero and first.meta["val"].dtype == node.meta["val"].dtype


def _takes_channels(node: fx.Node, seen: Read) -> bool:
    """Whether a view is of some channels of `[N, C, H, W]` that a call gave."""
    return channel_range(node) is not None and not isinstance(seen.source, Weight)


def _split_tensor(node: fx.Node) -> fx.Node:
    """The tensor that a node is some channels of."""
    parts = node.args[0]
    assert isinstance(parts, fx.Node)
    whole = _arguments(parts)["self"] if target_name(node) == "getitem" else parts
    assert isinstance(whole, fx.Node)
    return whole


def channel_range(node: fx.Node) -> tuple[int, int] | None:
    """(first, behind the last) of the channels of `[N, C, H, W]` that a node is a view of; None if it is none."""
    match target_name(node):
        case "slice":
            arguments = _arguments(node)
            shapes = shapes_of(arguments["self"].meta["val"])
            if len(shapes[0]) != 4 or arguments["dim"] != 1 or arguments["step"] != 1:
                return None
            start = arguments["start"] or 0
            return start, start + shapes_of(node.meta["val"])[0][1]
        case "getitem":
            parts, index = node.args
            if not isinstance(parts, fx.Node) or target_name(parts) not in {"split", "split_with_sizes", "chunk"}:
                return None
            shapes = shapes_of(parts.meta["val"])
            assert isinstance(index, int)
            if len(shapes[0]) != 4 or _arguments(parts)["dim"] != 1:
                return None
            start = sum(shape[1] for shape in shapes[:index])
            return start, start + shapes[index][1]
        case _:
            return None


def target_name(node: fx.Node) -> str:
    """The function's name without overload, and without the namespace where that is `aten`."""
    target: Any = node.target
    packet = getattr(target, "overloadpacket", None)
    if packet is None:
        return str(getattr(target, "__name__", target))
    name = str(packet)
    return name.removeprefix("aten.")


def _arguments(node: fx.Node) -> dict[str, Any]:
    """A call's arguments by name, with the schema's defaults where nothing was given."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return {str(index): value for index, value in enumerate(node.args)} | dict(node.kwargs)
    given = dict(zip((argument.name for argument in schema.arguments), node.args, strict=False))
    defaults = {a.name: a.default_value for a in schema.arguments if a.has_default_value()}
    return {**defaults, **given, **node.kwargs}


def _place(graph: CallGraph, node: fx.Node) -> tuple[str, str, str]:
    """The path of the module that makes a call, which run of it this is, and its class."""
    stack = node.meta.get("nn_module_stack") or {"": ("", "")}
    for key, (path, class_name) in stack.items():
        graph.classes[_REPETITION.sub("", path or _path(key))] = _class_name(class_name)
    run, (path, class_name) = list(stack.items())[-1]
    return _REPETITION.sub("", path), run, _class_name(class_name)


def _path(key: str) -> str:
    return key.removeprefix("L__self__")


def _class_name(cls: Any) -> str:
    name = cls if isinstance(cls, str) else getattr(cls, "__qualname__", str(cls))
    return str(name).rpartition(".")[2]


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _tensors(one)


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - the identity of a fake tensor's memory has no other name


def elements(shape: Shape) -> int:
    """How many elements a tensor of this shape has."""
    return math.prod(shape)


def is_tensor(value: object) -> bool:
    """Whether an argument of a call is a tensor."""
    return isinstance(value, fx.Node) and isinstance(value.meta.get("val"), torch.Tensor)

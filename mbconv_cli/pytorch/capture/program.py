"""A captured module as one flat program: the exported calls in their order, plain or with a stamp after each op."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.nn.utils.fusion import fuse_conv_bn_weights

from mbconv_cli.pytorch.capture.capture import CapturedPlan
from mbconv_cli.pytorch.capture.example_inputs import Inputs

_WEIGHT, _BIAS = 1, 2
"""Places among a convolution's arguments."""


@dataclass(frozen=True, slots=True)
class CapturedProgram:
    """A module's calls as they were exported, on the module's own weights.

    Attributes:
        plain: runs them.
        stamped: runs them, and after every op its first argument, which is given the op's output.
        arguments: of both: weights where they belong, and None in the places of the inputs.
        input_places: where the inputs go.
        ops: how many stamps it takes.
    """

    plain: Callable[..., Any]
    stamped: Callable[..., Any]
    arguments: tuple[Tensor | None, ...]
    input_places: tuple[int, ...]
    ops: int

    def run(self, inputs: Inputs, follow: Callable[[Any], None] | None = None) -> Any:
        """One pass; what the module gives, flattened.

        Args:
            inputs: of the module.
            follow: called after every op with its output.
        """
        arguments = list(self.arguments)
        for place, tensor in zip(self.input_places, inputs.all(), strict=True):
            arguments[place] = tensor
        return self.plain(*arguments) if follow is None else self.stamped(follow, *arguments)


def captured_program(
    exported: ExportedProgram, captured: CapturedPlan, folded: Mapping[str, str] | None = None
) -> CapturedProgram:
    """The program of a captured module.

    Args:
        exported: what was captured, on the device it is to run on.
        captured: its Plan, and the node of each op.
        folded: batch norms that become part of the convolution before them, by the names of the ops.
    """
    nodes = {op.name: node for op, node in zip(captured.plan.ops, captured.nodes, strict=True)}
    pairs = {nodes[norm]: nodes[convolution] for norm, convolution in (folded or {}).items()}
    held = held_tensors(exported)
    fused = {convolution: _fused(convolution, norm, held) for norm, convolution in pairs.items()}
    rows = [node for node in captured.nodes if node not in pairs]
    placeholders = [node for node in exported.graph.nodes if node.op == "placeholder"]
    weights = [tensor for pair in fused.values() for tensor in pair]
    arguments = (*(held.get(node.name) for node in placeholders), *weights)
    return CapturedProgram(
        plain=_compiled_python(exported, pairs, list(fused), None),
        stamped=_compiled_python(exported, pairs, list(fused), rows),
        arguments=arguments,
        input_places=tuple(place for place, node in enumerate(placeholders) if node.name not in held),
        ops=len(rows),
    )


def held_tensors(exported: ExportedProgram) -> dict[str, Tensor | None]:
    """The module's own tensors by the names of their placeholders."""
    found: dict[str, Tensor | None] = {}
    for spec in exported.graph_signature.input_specs:
        if spec.kind is not InputKind.USER_INPUT and spec.target is not None:
            tensor: Any = exported.state_dict.get(spec.target, exported.constants.get(spec.target))
            found[spec.arg.name] = tensor
    return found


def _fused(convolution: fx.Node, norm: fx.Node, held: Mapping[str, Tensor | None]) -> tuple[Tensor, Tensor]:
    """(weight, bias) of a convolution that does what the norm behind it does, too."""
    weight, bias = (_argument(convolution, place, held) for place in (_WEIGHT, _BIAS))
    scale, shift, mean, variance = (_argument(norm, place, held) for place in range(1, 5))
    assert weight is not None
    assert mean is not None
    assert variance is not None
    with torch.no_grad():
        new_weight, new_bias = fuse_conv_bn_weights(weight, bias, mean, variance, float(norm.args[7]), scale, shift)  # type: ignore[arg-type]  # ATen's eps
    return new_weight.detach(), new_bias.detach()


def _argument(node: fx.Node, place: int, held: Mapping[str, Tensor | None]) -> Tensor | None:
    argument = node.args[place] if place < len(node.args) else None
    return held[argument.name] if isinstance(argument, fx.Node) else None


def _compiled_python(
    exported: ExportedProgram,
    pairs: Mapping[fx.Node, fx.Node],
    fused: Sequence[fx.Node],
    stamped: Sequence[fx.Node] | None,
) -> Callable[..., Any]:
    """The calls as one Python function, which torch.fx writes.

    Args:
        exported: the calls.
        pairs: norms that are left out, each with the convolution that stands for it.
        fused: convolutions that take a weight and a bias of their own, in the order of these arguments.
        stamped: nodes to call a function after, as often as they stand there; None for a program that calls none.
    """
    graph, copies = fx.Graph(), dict[fx.Node, fx.Node]()
    follow = graph.placeholder("follow") if stamped is not None else None
    originals = list(exported.graph.nodes)
    for node in originals:
        if node.op == "placeholder":
            copies[node] = graph.placeholder(node.name)
    own = {node: tuple(graph.placeholder(f"{node.name}_{part}") for part in ("weight", "bias")) for node in fused}
    after = Counter(stamped or ())
    last = stamped[-1] if stamped else None
    for node in originals:
        if node.op == "placeholder":
            continue
        if node in pairs:
            copies[node] = copies[pairs[node]]
            continue
        if node.op == "output" and last is not None:  # views behind the last op are part of it
            _follow(graph, follow, copies[last], after[last])
        copies[node] = graph.node_copy(node, lambda one: copies[one])
        if node in own:
            copies[node].args = (copies[node].args[0], *own[node], *copies[node].args[_BIAS + 1 :])
        if node is not last:
            _follow(graph, follow, copies[node], after[node])
    run: Callable[..., Any] = fx.GraphModule(exported.graph_module, graph).forward
    return run


def _follow(graph: fx.Graph, follow: fx.Node | None, output: fx.Node, times: int) -> None:
    for _ in range(times):
        graph.call_function(operator.call, (follow, output))

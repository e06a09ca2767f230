"""A captured program as a module with one submodule for each call, for what reads modules: the exporter to ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import fx, nn
from torch.export import ExportedProgram

from mbconv_cli.pytorch.capture.program import held_tensors


class _Call(nn.Module):
    """One call of ATen."""

    def __init__(self, target: Callable[..., Any]) -> None:
        super().__init__()
        self.target = target

    def forward(self, *arguments: Any, **named: Any) -> Any:
        """What the call gives."""
        return self.target(*arguments, **named)


def label_of(node: fx.Node) -> str:
    """What the submodule of a call is called; a name without dots."""
    return f"call_{node.name}"


def program_module(exported: ExportedProgram) -> nn.Module:
    """The calls of an exported module in their order, on its own weights; takes its inputs by position.

    Args:
        exported: the calls; a call's submodule is called as `label_of` says.
    """
    graph, copies, held = fx.Graph(), dict[fx.Node, fx.Node](), held_tensors(exported)
    parts: dict[str, Any] = {}
    for node in exported.graph.nodes:
        if node.op == "placeholder" and node.name in held:
            parts[node.name] = held[node.name]
            copies[node] = graph.get_attr(node.name)
        elif node.op == "call_function":
            parts[label_of(node)] = _Call(node.target)
            arguments = fx.map_arg((node.args, node.kwargs), lambda one: copies[one])
            copies[node] = graph.call_module(label_of(node), *arguments)
        else:
            copies[node] = graph.node_copy(node, lambda one: copies[one])
    return fx.GraphModule(parts, graph).eval()

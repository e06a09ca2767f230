"""What is exported to ONNX: the module of a Plan, or of code, with the ops that its parts compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from mbconv_cli.cost.counts import Cost
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.execution import Execution
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import build, images_to_settle, settle


@dataclass(frozen=True, slots=True)
class Exportable:
    """A module on the CPU in eval mode.

    Attributes:
        module: what is exported.
        inputs: its inputs, by position.
        labels: for each op of the Plan the path of the submodule that computes it.
        expected: the first tensor that the network gives for these inputs.
        audit: of the Plan.
    """

    module: nn.Module
    inputs: tuple[Tensor, ...]
    labels: tuple[str, ...]
    expected: Tensor
    audit: Audit


def exportable(plan: Plan, costs: Sequence[Cost], batch_size: int, audited: Audit | None = None) -> Exportable:
    """The module of a Plan, audited and with inputs for a batch of this size.

    Args:
        plan: what to build; or made from code, which makes the module.
        costs: of the Plan.
        batch_size: images in a batch.
        audited: what an audit of the same Plan found, if there was one.

    Raises:
        InputError: the code cannot be run or captured.
    """
    return _of_code(plan, costs, batch_size, audited) if plan.code else _built(plan, costs, batch_size, audited)


def _built(plan: Plan, costs: Sequence[Cost], batch_size: int, audited: Audit | None) -> Exportable:
    from mbconv_cli.pytorch.audit import audit

    network = build(plan, torch.device("cpu"), inplace=False)
    settle(network, torch.randn(images_to_settle(plan), *plan.input_shape))
    images = torch.randn(batch_size, *plan.input_shape)
    with torch.inference_mode():
        expected = network(images)
    labels = tuple(op.name for op in plan.ops)
    return Exportable(network, (images,), labels, expected, audited or audit(network, plan, costs))


def _of_code(plan: Plan, costs: Sequence[Cost], batch_size: int, audited: Audit | None) -> Exportable:
    from mbconv_cli.pytorch.capture.captured_bench import audit_module, captured_module
    from mbconv_cli.pytorch.capture.program_module import label_of, program_module

    assert plan.code is not None
    ready = captured_module(replace(plan.code, batch_size=batch_size), plan, torch.device("cpu"), Execution())
    module, inputs = program_module(ready.exported), ready.inputs.all()
    with torch.inference_mode():
        first = next(leaf for leaf in tree_leaves(ready.call()) if isinstance(leaf, Tensor))
    labels = tuple(map(label_of, ready.captured.nodes))
    return Exportable(module, inputs, labels, first, audited or audit_module(ready, plan, costs))

"""Networks exported to ONNX files, each audited and compared with torch's output before it is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from mbconv_cli.cost.activation_memory import forward_bytes
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.measure.audit_result import failures
from mbconv_cli.measure.latency import Progress
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.device_memory import require_memory, translate_memory_errors
from mbconv_cli.pytorch.onnx.exportable import exportable
from mbconv_cli.pytorch.onnx.onnx_bench import COPIES, TOLERANCE
from mbconv_cli.pytorch.onnx.onnx_export import export
from mbconv_cli.pytorch.onnx.sessions import PlainSession
from mbconv_cli.pytorch.peers.peer_forward import relative_difference


def export_models(plans: Sequence[tuple[Plan, Path]], batch_size: int, progress: Progress) -> None:
    """Write each Plan's ONNX file.

    Raises:
        InputError: the CPU has too little memory, or an ONNX file cannot hold the weights.
        CheckFailedError: closed forms and fvcore disagree, or the outputs of torch and onnxruntime do.
    """
    for index, (plan, path) in enumerate(plans):
        path.write_bytes(_exported(plan, batch_size))
        progress((index + 1) / len(plans))


def _exported(plan: Plan, batch_size: int) -> bytes:
    costs, cpu = plan_costs(plan), torch.device("cpu")
    with translate_memory_errors(cpu):
        weights = total(costs).params * torch.float32.itemsize
        require_memory(forward_bytes(plan, costs, batch_size, torch.float32.itemsize) + COPIES * weights, cpu)
        ready = exportable(plan, costs, batch_size)
        if not ready.audit.agrees:
            raise CheckFailedError(*failures(ready.audit))
        model = export(ready.module, ready.inputs, ready.labels)
        found = torch.from_numpy(PlainSession(model, 1, [tensor.numpy() for tensor in ready.inputs]).run())
        difference = relative_difference(found, ready.expected)
    if not difference <= TOLERANCE:
        raise CheckFailedError(
            f"{plan.name}: onnxruntime's output differs from torch's by {difference:.1e} of the largest; "
            f"up to {TOLERANCE:g} agrees"
        )
    return model

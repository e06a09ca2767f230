"""A Plan in onnxruntime: its module audited in torch, exported, compared with torch's output, and measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from mbconv_cli.cost.activation_memory import forward_bytes
from mbconv_cli.cost.counts import Cost
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import HostClock
from mbconv_cli.measure.execution import Execution
from mbconv_cli.measure.latency import Measurement, Progress, measure
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.device_memory import require_memory, translate_memory_errors
from mbconv_cli.pytorch.devices import torch_fingerprint
from mbconv_cli.pytorch.onnx.exportable import exportable
from mbconv_cli.pytorch.onnx.node_times import OUTSIDE, Node, columns_of, op_times
from mbconv_cli.pytorch.onnx.onnx_export import export
from mbconv_cli.pytorch.onnx.sessions import PROVIDER, VERSION, open_sessions
from mbconv_cli.pytorch.peers.peer_forward import relative_difference
from mbconv_cli.pytorch.torch_threads import torch_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE: Final = 1e-4
COPIES: Final = 4
"""Of the weights, besides the module's: the graph, its serialization, and two sessions."""


def run_in_onnxruntime(
    plan: Plan,
    costs: Sequence[Cost],
    *,
    execution: Execution,
    budget: Budget,
    progress: Progress,
    audited: Audit | None = None,
) -> tuple[Bench]:
    """Measure a Plan's network in onnxruntime on the CPU, in float32, on random images `[N, C, H, W]`.

    A module's inputs are those that its code was asked for with.

    A stamped pass is one of a session that profiles itself. Its times are those of the Plan's ops and then those
    of `OUTSIDE`; an op that was fused into another has none.

    Raises:
        InputError: the CPU has too little memory, seen before or while running.
        CheckFailedError: the outputs of torch and onnxruntime differ.
    """
    cpu = torch.device("cpu")
    with torch_threads(execution.threads) as threads, translate_memory_errors(cpu):
        weights = sum(cost.params for cost in costs) * torch.float32.itemsize
        activations_too = forward_bytes(plan, costs, execution.batch_size, torch.float32.itemsize)
        require_memory(activations_too + COPIES * weights, cpu)
        ready = exportable(plan, costs, execution.batch_size, audited)
        model = export(ready.module, ready.inputs, ready.labels)
        with open_sessions(model, [tensor.numpy() for tensor in ready.inputs], threads.count) as sessions:
            difference = _require_equal(sessions.output(), ready.expected)
            measurement = measure(sessions.run, HostClock(), budget, progress=progress)
            _share_out(measurement, sessions.profile(), ready.labels)
    machine = torch_fingerprint("cpu", threads) | {"onnxruntime": VERSION, "provider": PROVIDER}
    return (Bench(ready.audit, measurement, machine, outside=OUTSIDE, notes=_notes(difference)),)


def _require_equal(found: NDArray[Any], expected: Tensor) -> float:
    difference = relative_difference(torch.from_numpy(found), expected)
    if not difference <= TOLERANCE:
        raise CheckFailedError(
            f"onnxruntime's output differs from torch's by {difference:.1e} of the largest; up to {TOLERANCE:g} agrees"
        )
    return difference


def _share_out(measurement: Measurement, profile: Sequence[Sequence[Node]], labels: Sequence[str]) -> None:
    """Replace the time of every profiled pass by those of its parts; a pass that the profile has not is dropped."""
    index = {label: position for position, label in reversed(list(enumerate(labels)))}  # the first of equal ones
    totals = [sum(times) for times in measurement.layers]
    kept = profile[measurement.warm_up :]
    owners = columns_of(kept[0], index)
    measurement.layers = [
        op_times(nodes, owners, len(index) + len(OUTSIDE), total) for nodes, total in zip(kept, totals, strict=False)
    ]


def _notes(difference: float) -> tuple[str, ...]:
    return (
        (
            f"backend: onnxruntime {VERSION}, {PROVIDER}, all graph optimizations, nodes in sequence; exported by "
            f"torch.onnx; outputs differ from torch's by {difference:.1e} of the largest, up to {TOLERANCE:g} agrees"
        ),
        (
            "end to end is session.run on a NumPy array, without a profile; the stamped pass is one with onnxruntime's "
            "own profile, its nodes in whole microseconds; a node fused from several ops counts to one of them; "
            f"{OUTSIDE[0]!r} reorder or convert data, {OUTSIDE[1]!r} is the rest of the pass"
        ),
    )

"""A Plan in onnxruntime: built and audited in torch, exported, compared with torch's output, and measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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
from mbconv_cli.pytorch.audit import audit
from mbconv_cli.pytorch.built_network import Network, build, images_to_settle, settle
from mbconv_cli.pytorch.device_memory import require_memory, translate_memory_errors
from mbconv_cli.pytorch.devices import torch_fingerprint
from mbconv_cli.pytorch.onnx.node_times import OUTSIDE, Node, columns_of, op_times
from mbconv_cli.pytorch.onnx.onnx_export import export
from mbconv_cli.pytorch.onnx.sessions import PROVIDER, VERSION, Sessions, open_sessions
from mbconv_cli.pytorch.peers.peer_forward import relative_difference
from mbconv_cli.pytorch.torch_threads import torch_threads

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
    """Measure a Plan in onnxruntime on the CPU, in float32, on random images `[N, C, H, W]`.

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
        network = build(plan, cpu, inplace=False)
        settle(network, torch.randn(images_to_settle(plan), *plan.input_shape))
        images = torch.randn(execution.batch_size, *plan.input_shape)
        audited = audited or audit(network, plan, costs)
        model = export(network, plan, images)
        with open_sessions(model, images.numpy(), threads.count) as sessions:
            difference = _require_equal(sessions, network, images)
            measurement = measure(sessions.run, HostClock(), budget, progress=progress)
            _share_out(measurement, sessions.profile(), plan)
    machine = torch_fingerprint("cpu", threads) | {"onnxruntime": VERSION, "provider": PROVIDER}
    return (Bench(audited, measurement, machine, outside=OUTSIDE, notes=_notes(difference)),)


def _require_equal(sessions: Sessions, network: Network, images: Tensor) -> float:
    with torch.inference_mode():
        expected = network(images)
    difference = relative_difference(torch.from_numpy(sessions.output()), expected)
    if not difference <= TOLERANCE:
        raise CheckFailedError(
            f"onnxruntime's output differs from torch's by {difference:.1e} of the largest; up to {TOLERANCE:g} agrees"
        )
    return difference


def _share_out(measurement: Measurement, profile: Sequence[Sequence[Node]], plan: Plan) -> None:
    """Replace the time of every profiled pass by those of its parts; a pass that the profile has not is dropped."""
    index = {op.name: position for position, op in enumerate(plan.ops)}
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
            "own profile, its nodes in whole microseconds; a node fused from several ops counts to one of them, which "
            f"is of the same block; {OUTSIDE[0]!r} reorder or convert data, {OUTSIDE[1]!r} is the rest of the pass"
        ),
    )

"""How the passes of a profile are measured: in which program, how often, and in how many processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mbconv_cli.analysis.grouping import By
from mbconv_cli.cost.counts import Cost
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Backend, Execution, Mode
from mbconv_cli.plan.ops import Plan

if TYPE_CHECKING:
    from mbconv_cli.measure.bench_result import Bench
    from mbconv_cli.measure.budget import Budget
    from mbconv_cli.measure.latency import Progress


@dataclass(frozen=True, slots=True)
class LatencyRequest:
    """What to measure, and what to call with the progress.

    Attributes:
        device: where.
        budget: how long, for each batch size.
        progress: called with the share of the whole that is done.
        processes: in how many fresh processes; 1 is this one; if absent, until the budget's precision is reached.
    """

    device: DeviceChoice
    budget: Budget
    progress: Progress
    processes: int | None = 1


class _Backend(NamedTuple):
    """How a program is asked to measure: its function, that for code, and which arguments of its own both take."""

    function: str
    for_code: str
    arguments: Callable[[Execution, Sequence[int], DeviceChoice], dict[str, Any]]


_ONNX: Final = "mbconv_cli.pytorch.onnx.onnx_bench:run_in_onnxruntime"
_BACKENDS: Final = {
    Backend.TORCH: _Backend(
        "mbconv_cli.pytorch.bench:run_batches",
        "mbconv_cli.pytorch.capture.captured_bench:run_captured",
        lambda execution, sizes, device: {"execution": execution, "batch_sizes": tuple(sizes), "device": device},
    ),
    Backend.ONNXRUNTIME: _Backend(_ONNX, _ONNX, lambda execution, _, __: {"execution": execution}),
}


def usual_rows(execution: Execution) -> By:
    """What a row is unless it is said: a layer, or a block where layers are fused."""
    return By.BLOCK if execution.backend is Backend.ONNXRUNTIME else By.LAYER


def usual_processes(execution: Execution) -> int | None:
    """In how many processes a form is measured unless it is said: 1 where preparing it takes far longer than that."""
    return 1 if execution.mode is Mode.COMPILE or execution.backend is Backend.ONNXRUNTIME else None


def run_benches(
    plan: Plan, costs: Sequence[Cost], execution: Execution, batch_sizes: Sequence[int], request: LatencyRequest
) -> tuple[Bench, ...]:
    """A bench for each batch size; fewer after an interruption.

    Args:
        plan: before any folding.
        costs: of the Plan that is run.
        execution: in which form; its own batch size is not looked at.
        batch_sizes: images in a batch.
        request: where and how long.

    Raises:
        InputError: the device is not there, or has too little memory; or it cannot run the network in this form.
        CheckFailedError: closed forms and fvcore disagree; names the ops. Or the form changes the outputs.
    """
    if execution.backend is Backend.ONNXRUNTIME:
        from mbconv_cli.pytorch.onnx.onnx_packages import require_onnxruntime

        require_onnxruntime(request.device)
    backend = _BACKENDS[execution.backend]
    function = backend.for_code if plan.code else backend.function
    arguments = {"plan": plan, "costs": costs} | backend.arguments(execution, batch_sizes, request.device)
    if request.processes == 1:
        benches = _here(function, arguments, request)
    else:
        from mbconv_cli.measure.processes.repetition import repeat

        benches = repeat(function, arguments, request.budget, request.processes, request.progress)
    _require_agreement(benches[0])
    return tuple(_with_quiet_speed(bench, execution) for bench in benches)


def _with_quiet_speed(bench: Bench, execution: Execution) -> Bench:
    """The bench with the machine's quiet speed, where a reference workload ran beside the passes."""
    from mbconv_cli.measure.statistics.control_variate import best_level, known_levels

    levels = known_levels([one.figure for one in bench.measurement.by_process])
    if not levels:
        return bench
    from mbconv_cli.machine.comparability import fingerprint
    from mbconv_cli.machine.fingerprint import host_fingerprint
    from mbconv_cli.machine.quiet_speed import quiet_speed

    machine = fingerprint(
        host_fingerprint() | bench.machine, dtype=execution.dtype.value, allocator=execution.memory.value
    )
    return replace(bench, quiet=quiet_speed(machine, best_level(levels)))


def _here(function: str, arguments: dict[str, Any], request: LatencyRequest) -> tuple[Bench, ...]:
    run: Callable[..., tuple[Bench, ...]] = resolve_name(function)
    return run(**arguments, budget=request.budget, progress=request.progress)


def _require_agreement(bench: Bench) -> None:
    """Refuse a count that is not confirmed."""
    from mbconv_cli.measure.audit_result import failures

    if not bench.audit.agrees:
        raise CheckFailedError(*failures(bench.audit))

"""One process of a comparison of whole networks: each candidate is built, measured on its own, and let go."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import torch

from mbconv_cli.cost.activation_memory import forward_bytes
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.errors import CheckFailedError, InputError
from mbconv_cli.machine.allocator import keep_memory
from mbconv_cli.measure.audit_result import Audit, failures
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import HostClock
from mbconv_cli.measure.execution import Allocator, Backend, plan_to_run, require_supported
from mbconv_cli.measure.latency import Progress, plain_pass
from mbconv_cli.measure.processes.turn_requests import Candidate, Turn, TurnRequest
from mbconv_cli.measure.processes.turns import ComparisonBudget, interleave
from mbconv_cli.measure.reference_workload import Workload
from mbconv_cli.measure.statistics.control_variate import ProcessFigure, process_figure
from mbconv_cli.measure.statistics.estimates import midmeans
from mbconv_cli.pytorch.arithmetic import float32_arithmetic
from mbconv_cli.pytorch.bench import kept_if_interrupted
from mbconv_cli.pytorch.clocks import clock_for
from mbconv_cli.pytorch.device_memory import require_memory, translate_memory_errors
from mbconv_cli.pytorch.devices import is_accelerator, resolve_device, torch_fingerprint
from mbconv_cli.pytorch.passes import TimedPass, timed_pass
from mbconv_cli.pytorch.preparation import prepare, torch_dtype, translate_unsupported_forms
from mbconv_cli.pytorch.reference_kernels import reference_kernels
from mbconv_cli.pytorch.torch_threads import torch_threads
from mbconv_cli.report.model import Cell

WARM_UP_SHARE: Final = 0.4
"""Of the time of sampling."""
LEAST_ROUNDS: Final = 5
LAUNCHED_PASSES: Final = 9


@dataclass(frozen=True, slots=True)
class _Ready:
    """A candidate that can be timed."""

    timed: TimedPass
    audit: Audit | None = None
    machine: dict[str, Cell] | None = None


def run(request: TurnRequest, progress: Progress) -> tuple[Turn, ...]:
    """Measure every candidate on random images `[N, C, H, W]`; after an interruption, those that were finished.

    Raises:
        InputError: the device is not there, or has too little memory; or it cannot run a network in this form.
        CheckFailedError: closed forms and fvcore disagree, or a form changes the outputs.
        KeyboardInterrupt: it was interrupted before there was anything to report.
    """
    turns: list[Turn] = []
    if any(candidate.execution.memory is Allocator.KEEP for candidate in request.candidates):
        keep_memory()
    for index, candidate in enumerate(request.candidates):
        with kept_if_interrupted(turns):
            turns.append(_turn(candidate, request))
            progress((index + 1) / len(request.candidates))
        if len(turns) <= index:
            break
    return tuple(turns)


def _turn(candidate: Candidate, request: TurnRequest) -> Turn:
    execution = candidate.execution
    device = torch.device("cpu") if candidate.model else resolve_device(request.device)
    require_supported(execution, device.type)
    with (
        torch_threads(execution.threads) as threads,
        float32_arithmetic(execution.tf32),
        translate_memory_errors(device),
        translate_unsupported_forms(device, execution),
    ):
        ready = _preparation(candidate)(candidate, device, threads.count)
        _require_device_time(ready.timed, candidate, device)
        reference = reference_kernels(device, torch_dtype(execution))
        time_it = _with_layers if request.layers else _as_a_whole
        with torch.inference_mode():
            turn = replace(time_it(ready, request.seconds, reference), launched_ms=_launched_ms(ready.timed))
        machine = torch_fingerprint(str(device), threads) | (ready.machine or {})
    return replace(turn, machine=machine, audit=ready.audit)


def _require_device_time(timed: TimedPass, candidate: Candidate, device: torch.device) -> None:
    """Refuse to rank by times of launching.

    Raises:
        InputError: an accelerator's passes cannot be replayed as a graph.
    """
    if not is_accelerator(device) or (timed.on_device and timed.on_device.replays):
        return
    reason = timed.on_device.obstacle if timed.on_device else "it shows neither graphs nor kernels"
    raise InputError(
        f"{candidate.plan.name}: a pass on {device} cannot be replayed as a graph ({reason}), and times of launching "
        "from Python rank no networks; take --device cpu, or profile it alone"
    )


def _preparation(candidate: Candidate) -> Callable[[Candidate, torch.device, int], _Ready]:
    if candidate.execution.backend is Backend.ONNXRUNTIME:
        return _exported
    return _captured if candidate.plan.code else _built


def _built(candidate: Candidate, device: torch.device, _: int) -> _Ready:
    plan, execution = candidate.plan, candidate.execution
    run_plan = plan_to_run(plan, execution)
    costs = plan_costs(run_plan)
    require_memory(forward_bytes(run_plan, costs, execution.batch_size, execution.dtype.element_size), device)
    prepared = prepare(plan, costs, device, execution, candidate.audited)
    with torch.inference_mode():
        timed = timed_pass(prepared, device, execution)
    return _Ready(timed, _confirmed(prepared.audit))


def _captured(candidate: Candidate, device: torch.device, _: int) -> _Ready:
    """A module as its user calls it."""
    from mbconv_cli.pytorch.capture.captured_bench import audit_module, captured_module, module_pass

    plan, execution = candidate.plan, candidate.execution
    assert plan.code is not None
    costs = plan_costs(plan_to_run(plan, execution))
    ready = captured_module(replace(plan.code, batch_size=execution.batch_size), plan, device, execution)
    audited = candidate.audited or audit_module(ready, plan, costs)
    with torch.inference_mode():
        timed = module_pass(ready, clock_for(device), device)
    return _Ready(timed, _confirmed(audited))


def _exported(candidate: Candidate, _: torch.device, threads: int) -> _Ready:
    """An exported network in onnxruntime; it was audited when it was exported."""
    from mbconv_cli.pytorch.onnx.sessions import PROVIDER, VERSION, PlainSession

    assert candidate.model is not None
    session = PlainSession(candidate.model.read_bytes(), threads)
    return _Ready(TimedPass(session.run, HostClock()), machine={"onnxruntime": VERSION, "provider": PROVIDER})


def _as_a_whole(ready: _Ready, seconds: float, reference: Workload) -> Turn:
    """Plain passes alone."""
    budget = ComparisonBudget(seconds, LEAST_ROUNDS, WARM_UP_SHARE * seconds)
    clock, one = ready.timed.clock, [ready.timed.burst()]
    sample = interleave(one, clock, budget, order=random.Random(0), reference=reference)  # noqa: S311 - the order of one
    return _turn_of(process_figure(sample.latency_ms[0], sample.reference), sample.rounds)


def _launched_ms(timed: TimedPass) -> float | None:
    """On an accelerator, the median of a few passes that Python launches op by op."""
    on_device = timed.on_device
    if on_device is None:
        return None
    return median(plain_pass(lambda _: on_device.launch(), timed.clock) for _ in range(LAUNCHED_PASSES))


def _with_layers(ready: _Ready, seconds: float, reference: Workload) -> Turn:
    """Plain and stamped passes in turn."""
    warm_up = WARM_UP_SHARE * seconds
    budget = Budget(0.0, seconds, seconds + warm_up, LEAST_ROUNDS, min(0.2, warm_up), warm_up)
    found = ready.timed.measure(budget, lambda _: None, reference)
    layers = midmeans(found.layers, [(index,) for index in range(len(found.layers[0]))])
    return replace(_turn_of(found.figure, len(found.end_to_end)), layers_ms=tuple(layer.value for layer in layers))


def _turn_of(figure: ProcessFigure, passes: int) -> Turn:
    return Turn(figure.latency_ms, passes, reference_ms=figure.reference_ms)


def _confirmed(audit: Audit) -> Audit:
    """Refuse a count that is not confirmed."""
    if not audit.agrees:
        raise CheckFailedError(*failures(audit))
    return audit

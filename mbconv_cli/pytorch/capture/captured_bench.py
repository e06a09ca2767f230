"""A network that is code, measured: the module as it is called, beside its captured program, plain and stamped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils._pytree import tree_leaves

from mbconv_cli.cost.activation_memory import forward_bytes, training_bytes
from mbconv_cli.cost.counts import Cost, cost_of, plan_costs, total, uncounted
from mbconv_cli.errors import InputError
from mbconv_cli.machine.allocator import keep_memory
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.audit_result import Audit, Disagreement
from mbconv_cli.measure.bench_result import Bench, outside_of
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import Clock
from mbconv_cli.measure.execution import Allocator, Execution, Mode, require_supported
from mbconv_cli.measure.latency import Progress, Stamp
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import folded_norms
from mbconv_cli.pytorch.agreement import require_equal
from mbconv_cli.pytorch.arithmetic import float32_arithmetic, mode_tolerance
from mbconv_cli.pytorch.bench import gradients_if, kept_if_interrupted, share_of
from mbconv_cli.pytorch.capture.capture import CapturedPlan, captured_plan
from mbconv_cli.pytorch.capture.captured_training import TRAINING_NOTE, CapturedTraining
from mbconv_cli.pytorch.capture.code_plans import exported_code, exported_with
from mbconv_cli.pytorch.capture.example_inputs import Inputs
from mbconv_cli.pytorch.capture.fast_path import takes_fast_path
from mbconv_cli.pytorch.capture.module_count import counted_macs
from mbconv_cli.pytorch.capture.program import CapturedProgram, captured_program
from mbconv_cli.pytorch.clocks import clock_for
from mbconv_cli.pytorch.device_memory import require_memory, translate_memory_errors
from mbconv_cli.pytorch.device_passes import device_pass
from mbconv_cli.pytorch.devices import is_accelerator, resolve_device, torch_fingerprint
from mbconv_cli.pytorch.passes import TimedPass, compiled_pass, graph_note
from mbconv_cli.pytorch.preparation import torch_dtype, torch_memory_format, translate_unsupported_forms
from mbconv_cli.pytorch.reference_kernels import reference_kernels
from mbconv_cli.pytorch.torch_threads import torch_threads
from mbconv_cli.pytorch.training import FreshGradients
from mbconv_cli.spec.code_reference import CodeReference

SEED: Final = 0
FOLDING_NOTE: Final = "norm: only the captured program has its norms folded; the module is called as it is"
FAST_PATH_NOTE: Final = (
    "module: as called, it takes PyTorch's fast path, one fused kernel for a whole transformer layer; the captured "
    "program computes the ops of these layers one by one, so the difference of both is more than the calls of modules"
)


@dataclass(frozen=True, slots=True)
class CapturedModule:
    """A module on its device with everything that it takes to run it in two ways."""

    module: nn.Module
    inputs: Inputs
    exported: ExportedProgram
    captured: CapturedPlan
    program: CapturedProgram

    def call(self) -> Any:
        """The module as its user calls it."""
        return self.module(*self.inputs.positional, **self.inputs.named)


def run_captured(
    plan: Plan,
    costs: Sequence[Cost],
    *,
    device: DeviceChoice,
    execution: Execution,
    batch_sizes: Sequence[int],
    budget: Budget,
    progress: Progress,
    audited: Audit | None = None,
) -> tuple[Bench, ...]:
    """Make the module of a Plan's code, capture it on its device, audit it, and measure it.

    Args:
        plan: before any folding; made from code.
        costs: of the Plan that is run.
        device: where.
        execution: in which form; its own batch size is not looked at.
        batch_sizes: each is captured and measured by itself.
        budget: how long, for each batch size.
        progress: called with the share of the whole that is done.
        audited: what an audit of the same Plan found, if there was one.

    Returns:
        One for each batch size; fewer after an interruption.

    Raises:
        InputError: the device is not there, or has too little memory; or the code cannot be run there in this form.
        CheckFailedError: the captured program does not give what the module gives.
    """
    assert plan.code is not None
    target = resolve_device(device)
    require_supported(execution, target.type)
    if execution.memory is Allocator.KEEP:
        keep_memory()
    with (
        torch_threads(execution.threads) as threads,
        float32_arithmetic(execution.tf32),
        translate_memory_errors(target),
        translate_unsupported_forms(target, execution),
    ):
        needed = training_bytes if execution.training else forward_bytes
        require_memory(needed(plan, costs, max(batch_sizes), execution.dtype.element_size), target)
        benches: list[Bench] = []
        for index, size in enumerate(batch_sizes):
            code, share = replace(plan.code, batch_size=size), share_of(progress, index, batch_sizes)
            with kept_if_interrupted(benches):
                bench = _bench(code, plan, costs, target, replace(execution, batch_size=size), budget, share, audited)
                benches.append(replace(bench, machine=torch_fingerprint(str(target), threads)))
            if len(benches) <= index or benches[-1].measurement.interrupted:
                break
    return tuple(benches)


def captured_module(code: CodeReference, plan: Plan, device: torch.device, execution: Execution) -> CapturedModule:
    """The module on a device in a form, its program, and inputs for both.

    Raises:
        InputError: it cannot be made or captured there, or its ops are not those of the Plan.
    """
    module, inputs, exported = exported_with(code, device, torch_dtype(execution), torch_memory_format(execution))
    captured = _captured_as(plan, code, exported, device)
    folded = folded_norms(plan) if execution.fold_norm else None
    return CapturedModule(module, inputs, exported, captured, captured_program(exported, captured, folded))


def _captured_as(plan: Plan, code: CodeReference, exported: ExportedProgram, device: torch.device) -> CapturedPlan:
    """The ops of the Plan among the calls of a module on its device.

    What multiplies is the same everywhere, but calls that move data may differ: `reshape` gives a view where its input
    lies in order, and numbers are written into a tensor by other calls on the meta device. What is not called here
    takes no time: its stamp follows that of the op before. What is called here alone belongs to the op behind it.

    Raises:
        InputError: the module calls something else there.
    """
    names = [op.name for op in plan.ops]
    here = captured_plan(exported, code.text, views=code.views)
    if [op.name for op in here.plan.ops] == names:
        return here
    counted = captured_plan(exported_code(code), code.text, views=code.views)
    places = {node.name: place for place, node in enumerate(exported.graph.nodes)}
    found: list[int] = []
    for op, node in zip(counted.plan.ops, counted.nodes, strict=True):
        moves = cost_of(op).macs == cost_of(op).params == 0
        found.append(places.get(node.name, found[-1] if found and moves else -1))
    if [op.name for op in counted.plan.ops] != names or -1 in found or found != sorted(found):
        raise InputError(f"{code.text} calls other ops on {device} than on the device that it was counted on")
    nodes = list(exported.graph.nodes)
    return replace(counted, nodes=tuple(nodes[place] for place in found))


def _bench(
    code: CodeReference,
    plan: Plan,
    costs: Sequence[Cost],
    device: torch.device,
    execution: Execution,
    budget: Budget,
    progress: Progress,
    audited: Audit | None,
) -> Bench:
    ready = captured_module(code, plan, device, execution)
    clock = clock_for(device)
    notes = (FOLDING_NOTE,) if execution.fold_norm else ()
    with gradients_if(wanted=execution.training):
        audit = audited or audit_module(ready, plan, costs)
        found = _seeded(lambda: ready.program.run(ready.inputs), device)
        expected = _seeded(ready.call, device)
        equal = require_equal("captured program", found, expected, mode_tolerance(execution.dtype, device))
        notes = (*notes, f"captured program: beside the module as called, {equal}")
        if takes_fast_path(ready.call):
            notes = (*notes, FAST_PATH_NOTE)
        reference = reference_kernels(device, torch_dtype(execution))
        timed = _timed(ready, clock, device, execution)
        measurement = timed.measure(budget, progress, reference)
        unfolded = _unfolded_ms(ready, clock, device, execution)
    return Bench(
        audit,
        measurement,
        {},
        (*notes, *timed.notes),
        both_ways=execution.training,
        outside=outside_of(measurement),
        unfolded_ms=unfolded,
    )


def _unfolded_ms(ready: CapturedModule, clock: Clock, device: torch.device, execution: Execution) -> float | None:
    """A pass of the program with the batch norms that were folded, on an accelerator that replays both as graphs."""
    if not execution.fold_norm or not execution.by_layer or not is_accelerator(device):
        return None
    unfolded = replace(ready, program=captured_program(ready.exported, ready.captured))
    return module_pass(unfolded, clock, device).replayed_ms()


def _timed(ready: CapturedModule, clock: Clock, device: torch.device, execution: Execution) -> TimedPass:
    if execution.training:
        return _training_pass(ready, clock, device)
    if execution.mode is Mode.COMPILE:
        return compiled_pass(ready.module, ready.inputs.all(), clock, execution)
    timed = module_pass(ready, clock, device)
    return replace(timed, notes=graph_note(execution.mode, timed.on_device))


def module_pass(ready: CapturedModule, clock: Clock, device: torch.device) -> TimedPass:
    """The module as it is called, and its program by op; on an accelerator the program is what a graph holds."""

    def run(stamp: Stamp | None) -> Any:
        return ready.call() if stamp is None else program(stamp)

    def program(stamp: Stamp | None) -> Any:
        return ready.program.run(ready.inputs, stamp and (lambda _: stamp()))

    on_device = device_pass(program, ready.program.ops, device, clock, launch=ready.call)
    return TimedPass(run, clock, (), on_device, program)


def _training_pass(ready: CapturedModule, clock: Clock, device: torch.device) -> TimedPass:
    """The module forward and backward as it is called, and its program likewise."""
    training = CapturedTraining(ready.module, ready.program, ready.inputs)

    def run(stamp: Stamp | None) -> None:
        if stamp is None:
            training.as_called()
        else:
            training.stamped(stamp)

    def launch() -> None:
        ready.module.zero_grad(set_to_none=True)
        training.as_called()

    on_device = device_pass(training.by_op, ready.program.ops, device, clock, launch=launch, both_ways=True)
    notes = () if on_device else (TRAINING_NOTE,)
    return TimedPass(run, FreshGradients(ready.module, clock), notes, on_device, lambda _: training.by_program())


def audit_module(ready: CapturedModule, plan: Plan, costs: Sequence[Cost]) -> Audit:
    """Count the module itself with torch's own counter, which shares no code with the formulas of capture.

    Args:
        ready: the module on its device.
        plan: before any folding.
        costs: of the Plan that is run, which may have other parameters.
    """
    counted, expected = counted_macs(ready.module, ready.inputs), total(costs)
    ours = expected.macs * plan.images(_batch(ready))
    differs = (Disagreement(plan.name, ours, counted),) if ours != counted else ()
    params = sum(parameter.numel() for parameter in ready.module.parameters() if parameter.requires_grad)
    return Audit(
        ops=len(plan.ops),
        macs=counted,
        params=params - ready.captured.unread_params,
        expected_params=total(plan_costs(plan)).params,
        disagreements=differs,
        unknown=tuple(uncounted(plan).items()),
        counter="torch.utils.flop_counter",
        subject="a pass",
    )


def _batch(ready: CapturedModule) -> int:
    return int(ready.inputs.all()[0].shape[0])


def _seeded(run: Callable[[], Any], device: torch.device) -> Tensor:
    """The first tensor of what a pass gives, on the same random numbers each time; dropout draws some in training."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(SEED)
        output = run()
    return next(leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)).detach()

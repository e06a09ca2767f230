"""A Plan on a device: fitted, built, audited and measured. The one door through which a profile enters torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import torch

from mbconv_cli.cost.activation_memory import forward_bytes, training_bytes
from mbconv_cli.cost.counts import Cost
from mbconv_cli.machine.allocator import keep_memory
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench, outside_of
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.execution import Allocator, Execution, plan_to_run, require_supported
from mbconv_cli.measure.latency import Progress
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.arithmetic import float32_arithmetic
from mbconv_cli.pytorch.built_network import images_to_settle
from mbconv_cli.pytorch.device_memory import allocated_peak, require_memory, translate_memory_errors
from mbconv_cli.pytorch.devices import resolve_device, torch_fingerprint
from mbconv_cli.pytorch.passes import TimedPass, timed_pass
from mbconv_cli.pytorch.preparation import Prepared, prepare, torch_dtype, translate_unsupported_forms
from mbconv_cli.pytorch.reference_kernels import reference_kernels
from mbconv_cli.pytorch.torch_threads import torch_threads


def run_batches(
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
    """Build a Plan, audit it, and measure it on random images `[N, C, H, W]`, one batch size after the other.

    Args:
        plan: before any folding.
        costs: of the Plan that is run, `plan_to_run`.
        device: where.
        execution: in which form; its own batch size is not looked at.
        batch_sizes: each is measured by itself, on the same network.
        budget: how long, for each batch size.
        progress: called with the share of the whole that is done.
        audited: what an audit of the same Plan found, if there was one; else it is audited.

    Returns:
        One for each batch size; fewer after an interruption.

    Raises:
        InputError: the device is not there, or has too little memory, seen before or while running; or it cannot
            run the network in this form.
        CheckFailedError: its outputs in this form are not those of the network as it was.
    """
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
        require_memory(_needed(plan, costs, execution, max(batch_sizes)), target)
        prepared = prepare(plan, costs, target, execution, audited)
        benches: list[Bench] = []
        for index, size in enumerate(batch_sizes):
            share, form = share_of(progress, index, batch_sizes), replace(execution, batch_size=size)
            with kept_if_interrupted(benches):
                measured = _measured(prepared, target, form, budget, share)
                benches.append(replace(measured, machine=torch_fingerprint(str(target), threads)))
            if len(benches) <= index or benches[-1].measurement.interrupted:
                break
    return tuple(benches)


@contextmanager
def kept_if_interrupted(benches: Sequence[object]) -> Iterator[None]:
    """An interruption passes only as long as there is nothing to report."""
    try:
        yield
    except KeyboardInterrupt:
        if not benches:
            raise


def _needed(plan: Plan, costs: Sequence[Cost], execution: Execution, batch_size: int) -> int:
    """Bytes that measuring takes at the least; settling, which comes first, takes its own."""
    run = plan_to_run(plan, execution)
    count = training_bytes if execution.training else forward_bytes
    measuring = count(run, costs, batch_size, execution.dtype.element_size)
    return max(measuring, forward_bytes(run, costs, images_to_settle(plan), torch.float32.itemsize))


def _measured(
    prepared: Prepared, device: torch.device, execution: Execution, budget: Budget, progress: Progress
) -> Bench:
    with gradients_if(wanted=execution.training):
        timed = timed_pass(prepared, device, execution)
        reference = reference_kernels(device, torch_dtype(execution))
        measurement = timed.measure(budget, progress, reference)
        allocated = _allocated(prepared, timed, device, execution)
        unfolded = _unfolded_ms(prepared, device, execution)
    return Bench(
        prepared.audit,
        measurement,
        {},
        (*prepared.notes, *timed.notes),
        both_ways=execution.training,
        allocated_bytes=allocated,
        outside=outside_of(measurement),
        unfolded_ms=unfolded,
    )


def _unfolded_ms(prepared: Prepared, device: torch.device, execution: Execution) -> float | None:
    """A pass of the network with the batch norms that were folded, on an accelerator that replays both as graphs."""
    if prepared.unfolded is None or not execution.by_layer:
        return None
    form = replace(execution, fold_norm=False, reparameterize=False)
    return timed_pass(prepared.unfolded, device, form).replayed_ms()


def _allocated(prepared: Prepared, timed: TimedPass, device: torch.device, execution: Execution) -> int | None:
    """The most bytes of activations in a plain forward pass, its input included, by the device's allocator."""
    if execution.training or not execution.by_layer:
        return None
    allocated = allocated_peak(device, lambda: timed.run(None))
    image = math.prod(prepared.plan.input_shape) * execution.dtype.element_size
    return None if allocated is None else allocated + execution.batch_size * image


def gradients_if(*, wanted: bool) -> AbstractContextManager[object]:
    """Autograd for a pass that trains, and without it for any other."""
    return torch.enable_grad() if wanted else torch.inference_mode()


def share_of(progress: Progress, index: int, batch_sizes: Sequence[int]) -> Progress:
    """One measurement's progress as its share of the whole."""
    return lambda done: progress((index + done) / len(batch_sizes))

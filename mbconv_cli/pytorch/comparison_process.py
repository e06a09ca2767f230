"""One process of a comparison: every set of a request is built, audited where asked, and measured."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import torch

from mbconv_cli.cost.activation_memory import forward_bytes
from mbconv_cli.cost.counts import Cost, plan_costs
from mbconv_cli.errors import CheckFailedError
from mbconv_cli.machine.allocator import keep_memory
from mbconv_cli.measure.audit_result import Audit, failures
from mbconv_cli.measure.clock import Clock
from mbconv_cli.measure.device_latency import burst_of
from mbconv_cli.measure.execution import DEFAULT, Allocator, Dtype, Execution
from mbconv_cli.measure.latency import Burst, Pass, Progress
from mbconv_cli.measure.processes.comparisons import Outcome, Request
from mbconv_cli.measure.processes.turns import ComparisonBudget, Sample, interleave
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import Network, build
from mbconv_cli.pytorch.clocks import clock_for
from mbconv_cli.pytorch.device_memory import require_memory
from mbconv_cli.pytorch.device_passes import replays_of
from mbconv_cli.pytorch.devices import is_accelerator, resolve_device, torch_fingerprint
from mbconv_cli.pytorch.graph_capture import NotCapturableError
from mbconv_cli.pytorch.reference_kernels import reference_kernels
from mbconv_cli.pytorch.torch_threads import torch_threads
from mbconv_cli.report.model import Cell

WARM_UP_SHARE: Final = 0.3
LAUNCHED_ROUNDS: Final = 8
LAUNCHED_SECONDS: Final = 0.05


def run(request: Request, progress: Progress) -> Outcome:
    """Build, audit where asked, and measure every set in float32 and eval mode on random images `[N, C, H, W]`.

    Raises:
        InputError: the device is not there, or has too little memory.
        CheckFailedError: closed forms and fvcore disagree.
    """
    device = resolve_device(request.device)
    if DEFAULT.memory is Allocator.KEEP:
        keep_memory()
    with torch_threads(request.threads) as threads:
        return _measured(request, device, torch_fingerprint(str(device), threads), progress)


def _measured(request: Request, device: torch.device, machine: dict[str, Cell], progress: Progress) -> Outcome:
    order = random.Random(request.seed)  # noqa: S311 - an order of turns, no secret
    samples, obstacles, launched = list[Sample](), list[str](), list[Sample]()
    reference = reference_kernels(device, torch.float32)
    for index, plans in enumerate(request.sets):

        def share(done: float, before: int = index) -> None:
            progress((before + done) / len(request.sets))

        passes, clock = _passes(plans, request, device, order), clock_for(device)
        with torch.inference_mode():
            budget = ComparisonBudget(request.seconds, warm_up_seconds=WARM_UP_SHARE * request.seconds)
            timed = _timed_alike(passes, device, clock)
            samples.append(interleave(timed.bursts, clock, budget, order=order, progress=share, reference=reference))
            obstacles.append(timed.obstacle)
            if is_accelerator(device):
                launched.append(_launched(passes, clock, request, order))
    return Outcome(
        latency_ms=tuple(sample.latency_ms for sample in samples),
        latency_ratio=tuple(sample.latency_ratio for sample in samples),
        rounds=tuple(sample.rounds for sample in samples),
        machine=machine,
        audited_ops=sum(len(plan.ops) for plans in request.sets for plan in plans) if request.audit else 0,
        round_ms=tuple(sample.round_ms for sample in samples) if request.keep_rounds else (),
        reference=tuple(sample.reference for sample in samples),
        launched_ms=tuple(sample.latency_ms for sample in launched),
        launched_ratio=tuple(sample.latency_ratio for sample in launched),
        obstacle=next(filter(None, obstacles), ""),
    )


@dataclass(frozen=True, slots=True)
class _Timed:
    """Candidates as they take turns, all in the same way; and why that is by launches, where it is."""

    bursts: tuple[Burst, ...]
    obstacle: str = ""


def _timed_alike(passes: Sequence[Pass], device: torch.device, clock: Clock) -> _Timed:
    """On an accelerator replays of a graph each; passes as they are launched on the CPU, and where one has no graph."""
    launches = tuple(Burst(one) for one in passes)
    if not is_accelerator(device):
        return _Timed(launches)
    try:
        replays = [replays_of(partial(one, None), device, clock) for one in passes]
    except NotCapturableError as error:
        return _Timed(launches, str(error))
    return _Timed(tuple(burst_of(one, clock) for one in replays))


def _launched(passes: Sequence[Pass], clock: Clock, request: Request, order: random.Random) -> Sample:
    """Passes launched from Python, in turn: for as long as the device's own where that is asked, else only a few."""
    seconds = request.seconds if request.launches else LAUNCHED_SECONDS
    budget = ComparisonBudget(seconds, LAUNCHED_ROUNDS, warm_up_seconds=0.0)
    return interleave(tuple(map(Burst, passes)), clock, budget, order=order)


def _passes(plans: Sequence[Plan], request: Request, device: torch.device, order: random.Random) -> list[Pass]:
    """A pass of each candidate on images of its own.

    They are built in random order: where a network lies in memory has a share in its speed, and no candidate should
    always come first.
    """
    costs = [plan_costs(plan) for plan in plans]
    needed = [
        forward_bytes(p, c, request.batch_size, Dtype.FLOAT32.element_size) for p, c in zip(plans, costs, strict=True)
    ]
    require_memory(sum(needed), device)
    passes: dict[int, Pass] = {}
    for index in order.sample(range(len(plans)), len(plans)):
        make = _captured_pass if plans[index].code else _built_pass
        passes[index] = make(plans[index], costs[index], request, device)
    return [passes[index] for index in range(len(plans))]


def _built_pass(plan: Plan, costs: Sequence[Cost], request: Request, device: torch.device) -> Pass:
    network = build(plan, device)
    if request.audit:
        _require_agreement(network, plan, costs)
    images = torch.randn(request.batch_size, *plan.input_shape, device=device)
    return partial(network.run, images)


def _captured_pass(plan: Plan, costs: Sequence[Cost], request: Request, device: torch.device) -> Pass:
    """A module as its user calls it."""
    from mbconv_cli.pytorch.capture.captured_bench import audit_module, captured_module

    assert plan.code is not None
    ready = captured_module(replace(plan.code, batch_size=request.batch_size), plan, device, Execution())
    if request.audit:
        _require(audit_module(ready, plan, costs))
    return lambda _: ready.call()


def _require_agreement(network: Network, plan: Plan, costs: Sequence[Cost]) -> None:
    from mbconv_cli.pytorch.audit import audit  # fvcore, which a process that does not audit need not import

    _require(audit(network, plan, costs))


def _require(found: Audit) -> None:
    """Refuse a count that is not confirmed."""
    if not found.agrees:
        raise CheckFailedError(*failures(found))

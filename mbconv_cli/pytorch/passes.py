"""What is timed: a pass of a prepared network in each mode, with the clock that it is timed by."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final, assert_never

import torch
from torch import Tensor, nn

from mbconv_cli.errors import InputError
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.clock import Clock
from mbconv_cli.measure.device_latency import DevicePass, NoTimelineError, burst_of, measure_on_device
from mbconv_cli.measure.execution import Execution, Mode
from mbconv_cli.measure.latency import Burst, Measurement, Pass, Progress, Stamp, measure
from mbconv_cli.measure.reference_workload import Workload
from mbconv_cli.pytorch.agreement import require_equal
from mbconv_cli.pytorch.arithmetic import mode_tolerance
from mbconv_cli.pytorch.clocks import clock_for
from mbconv_cli.pytorch.device_passes import device_pass
from mbconv_cli.pytorch.preparation import Prepared, random_images
from mbconv_cli.pytorch.training import FreshGradients, TrainingPass

END_TO_END_ONLY: Final = "measured end to end only: it has no layers, so a stamped pass has one stamp, at its end"
FEW_BURSTS: Final = 9
"""Enough to know what folding saves: bursts of replays differ by less than a percent."""
COMPILED_KERNELS: Final = "measured end to end only; --by kernel lists what it launches, by the compiler's names"
AUTOGRAD: Final = (
    "pass: forward and backward, with batch norm in training mode and no op in place; end to end, autograd walks one "
    "graph of the whole, in a stamped pass one graph for each op, and what that costs is part of the difference; a "
    "layer's time is that of both directions, but MACs, FLOPs and bytes are those of the forward pass"
)


@dataclass(frozen=True, slots=True)
class TimedPass:
    """A pass and its clock.

    Attributes:
        run: one pass; calls what it is given after every op, where there are separate ops.
        clock: takes the stamps.
        notes: what a reader should know of the pass.
        on_device: the pass for the instrument of an accelerator; None where nothing sees the device's own time.
        program: the pass that is stamped, where that is another one than the plain pass.
    """

    run: Pass
    clock: Clock
    notes: tuple[str, ...] = ()
    on_device: DevicePass | None = None
    program: Pass | None = None

    def burst(self) -> Burst:
        """What is sampled end to end: replays on an accelerator that captures the pass, else the pass itself."""
        if self.on_device is not None and self.on_device.replays is not None:
            return burst_of(self.on_device.replays, self.clock)
        return Burst(self.run)

    def replayed_ms(self) -> float | None:
        """A pass in ms, as a few bursts of replays know it; None where it is not replayed."""
        if self.on_device is None or self.on_device.replays is None:
            return None
        burst = self.burst()
        return median(burst.time(self.clock) for _ in range(FEW_BURSTS))

    def measure(self, budget: Budget, progress: Progress, reference: Workload = ()) -> Measurement:
        """Sample it by the device's timeline where that is known, else with stamps.

        Args:
            budget: how long.
            progress: called with the share of the time that has passed.
            reference: the workload that shows how fast the machine is.
        """
        if self.on_device is not None:
            try:
                return measure_on_device(self.on_device, self.clock, budget, progress=progress)
            except NoTimelineError:
                pass  # stamps then time launches, and the report calls them that
        return measure(self.run, self.clock, budget, progress=progress, reference=reference, program=self.program)


def timed_pass(prepared: Prepared, device: torch.device, execution: Execution) -> TimedPass:
    """A pass over a batch of random images `[N, C, H, W]` in this form.

    Raises:
        InputError: torch.compile failed, e.g. for want of a C++ compiler; or the pass cannot be captured, but should.
        CheckFailedError: the outputs are not those of the eager network.
    """
    network, clock, ops = prepared.network, clock_for(device), len(prepared.plan.ops)
    images = random_images(prepared.plan, device, execution)
    if execution.training:
        training = TrainingPass(prepared.plan, network, images)
        on_device = device_pass(training.by_op, ops, device, clock, both_ways=True)
        return TimedPass(training, FreshGradients(network, clock), () if on_device else (AUTOGRAD,), on_device)
    match execution.mode:
        case Mode.COMPILE:
            return compiled_pass(network, (images,), clock, execution)
        case Mode.EAGER | Mode.CUDAGRAPH:

            def run(stamp: Stamp | None) -> Tensor:
                return network.run(images, stamp)

            on_device = device_pass(run, ops, device, clock)
            return TimedPass(run, clock, graph_note(execution.mode, on_device), on_device)
        case _:
            assert_never(execution.mode)


def graph_note(mode: Mode, on_device: DevicePass | None) -> tuple[str, ...]:
    """That `--mode cudagraph` asks for what is measured anyway.

    Raises:
        InputError: the pass cannot be captured.
    """
    if mode is not Mode.CUDAGRAPH:
        return ()
    if on_device is None or on_device.replays is None:
        obstacle = on_device.obstacle if on_device else "the device has no graphs"
        raise InputError(f"--mode cudagraph: the pass cannot be captured: {obstacle}; take --mode eager")
    return ("mode: device time is that of one CUDA graph in every mode, so --mode cudagraph changes nothing",)


def compiled_pass(network: nn.Module, inputs: Sequence[Tensor], clock: Clock, execution: Execution) -> TimedPass:
    """The forward pass through torch.compile, for these shapes alone.

    Raises:
        InputError: torch.compile failed, e.g. for want of a C++ compiler.
        CheckFailedError: the outputs are not those of the eager network.
    """
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it warns that there is no CUDA
    compiled = torch.compile(network, fullgraph=True, dynamic=False)
    began = time.monotonic()
    with _translate_compile_errors():
        output: Tensor = compiled(*inputs)
    seconds = time.monotonic() - began
    equal = require_equal("--mode compile", output, network(*inputs), mode_tolerance(execution.dtype, inputs[0].device))
    run = _as_a_whole(lambda: compiled(*inputs))
    on_device = device_pass(run, 1, inputs[0].device, clock)
    layers_note = COMPILED_KERNELS if on_device else END_TO_END_ONLY
    note = f"mode: torch.compile, which took {seconds:.1f} s; {layers_note}; beside eager, {equal}"
    return TimedPass(run, clock, (note,), on_device)


def _as_a_whole(run: Callable[[], object]) -> Pass:
    """A pass that is one op to the clock: stamped, it takes one stamp at its end."""

    def run_once(stamp: Stamp | None) -> None:
        run()
        if stamp is not None:
            stamp()

    return run_once


@contextmanager
def _translate_compile_errors() -> Iterator[None]:
    """Torch.compile's own words for what it could not do, in one line; other errors pass.

    Raises:
        InputError: it could not compile.
    """
    from torch._dynamo.exc import BackendCompilerFailed

    try:
        yield
    except BackendCompilerFailed as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"--mode compile: torch.compile cannot compile here: {reason}") from error

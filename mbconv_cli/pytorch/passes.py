"""What is timed: a pass of a prepared network in each mode, with the clock that it is timed by."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, assert_never

import torch
from torch import Tensor, nn

from mbconv_cli.errors import InputError
from mbconv_cli.measure.clock import Clock
from mbconv_cli.measure.execution import Execution, Mode
from mbconv_cli.measure.latency import Pass, Stamp
from mbconv_cli.pytorch.agreement import require_equal
from mbconv_cli.pytorch.arithmetic import mode_tolerance
from mbconv_cli.pytorch.built_network import Network
from mbconv_cli.pytorch.clocks import clock_for
from mbconv_cli.pytorch.preparation import Prepared, random_images
from mbconv_cli.pytorch.training import FreshGradients, TrainingPass

CAPTURE_WARM_UP: Final = 3
END_TO_END_ONLY: Final = "measured end to end only: it has no layers, so a stamped pass has one stamp, at its end"
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
    """

    run: Pass
    clock: Clock
    notes: tuple[str, ...] = ()


def timed_pass(prepared: Prepared, device: torch.device, execution: Execution) -> TimedPass:
    """A pass over a batch of random images `[N, C, H, W]` in this form.

    Raises:
        InputError: torch.compile failed, e.g. for want of a C++ compiler.
        CheckFailedError: the outputs are not those of the eager network.
    """
    network, clock = prepared.network, clock_for(device)
    images = random_images(prepared.plan, device, execution)
    if execution.training:
        return TimedPass(TrainingPass(prepared.plan, network, images), FreshGradients(network, clock), (AUTOGRAD,))
    match execution.mode:
        case Mode.EAGER:
            return TimedPass(lambda stamp: network.run(images, stamp), clock)
        case Mode.COMPILE:
            return compiled_pass(network, (images,), clock, execution)
        case Mode.CUDAGRAPH:
            return _captured(network, images, clock, execution)
        case _:
            assert_never(execution.mode)


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
    note = f"mode: torch.compile, which took {seconds:.1f} s; {END_TO_END_ONLY}; beside eager, {equal}"
    return TimedPass(_as_a_whole(lambda: compiled(*inputs)), clock, (note,))


def _captured(network: Network, images: Tensor, clock: Clock, execution: Execution) -> TimedPass:
    """The forward pass as one CUDA graph over a batch that stays in its place.

    As torch's notes on CUDA graphs require: some passes on a side stream first, so that libraries have chosen their
    algorithms, then the capture (pytorch.org/docs/stable/notes/cuda.html, "CUDA Graphs").
    """
    device = images.device
    with torch.cuda.device(device):
        current, side = torch.cuda.current_stream(device), torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        side.wait_stream(current)
        with torch.cuda.stream(side):
            for _ in range(CAPTURE_WARM_UP):
                network(images)
        current.wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            output = network(images)

    def replay() -> None:
        with torch.cuda.device(device):  # a graph is replayed on the current device's stream
            graph.replay()

    replay()
    equal = require_equal("--mode cudagraph", output, network(images), mode_tolerance(execution.dtype, images.device))
    note = f"mode: one CUDA graph, replayed; {END_TO_END_ONLY}; beside eager, {equal}"
    return TimedPass(_as_a_whole(replay), clock, (note,))


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

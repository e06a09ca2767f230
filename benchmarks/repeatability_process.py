"""What `repeatability.py` measures in processes of its own: what the reference workload costs, and what it does to A/A.

Both run a network's passes with the reference workload after every one of them, or after every other stretch.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final, TypeAlias

import torch

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.machine.allocator import keep_memory
from mbconv_cli.measure.clock import HostClock
from mbconv_cli.measure.execution import DEFAULT, Allocator
from mbconv_cli.measure.latency import Progress, collector_off, plain_pass
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.reference_kernels import reference_kernels
from mbconv_cli.pytorch.torch_threads import torch_threads

Now: TypeAlias = Callable[[], float]
CPU: Final = torch.device("cpu")
WARM_UP_PASSES: Final = 8
STRETCH: Final = 4
"""Passes with, then as many without a reference workload after each."""


def aa_rounds(
    network: str, threads: int | None, seconds: float, seed: int, *, progress: Progress, now: Now = time.monotonic
) -> dict[str, Any]:
    """A network and itself in turn, the reference workload after every pass, as the gate measures base and head.

    Returns:
        `times`, `[rounds][2]`, and `reference`, `[rounds][2][kernels]`, in ms.
    """
    order = random.Random(seed)  # noqa: S311 - an order of turns, no secret
    _as_the_command_does()
    with torch_threads(threads), torch.inference_mode(), collector_off():
        passes, clock, kernels = [_pass(network), _pass(network)], HostClock(), reference_kernels(CPU, torch.float32)
        times: list[list[float]] = []
        reference: list[list[list[float]]] = []
        started = None
        for number in count():
            if number == WARM_UP_PASSES:
                started, times, reference = now(), [], []
            if started is not None and now() - started >= seconds:
                return {"times": times, "reference": reference}
            round_times, round_reference = [0.0, 0.0], [[0.0], [0.0]]
            for index in order.sample(range(2), 2):
                round_times[index] = plain_pass(passes[index], clock)
                round_reference[index] = [plain_pass(_as_pass(kernel), clock) for kernel in kernels]
            times.append(round_times)
            reference.append(round_reference)
            progress(0.0 if started is None else min(1.0, (now() - started) / seconds))
    raise AssertionError


def stretches(
    network: str, threads: int | None, seconds: float, *, progress: Progress, now: Now = time.monotonic
) -> dict[str, Any]:
    """Stretches of passes with and without the reference workload after each.

    Returns:
        `beside` and `without`, the times of passes in ms.
    """
    _as_the_command_does()
    with torch_threads(threads), torch.inference_mode(), collector_off():
        run, clock, kernels = _pass(network), HostClock(), reference_kernels(CPU, torch.float32)
        for _ in range(WARM_UP_PASSES):
            plain_pass(run, clock)
        times: dict[str, Any] = {"beside": [], "without": []}
        began = now()
        while now() - began < seconds:
            for kind, taken in times.items():
                for index in range(STRETCH + 1):
                    took = plain_pass(run, clock)
                    if index:  # the first one comes after a pass of the other kind
                        taken.append(took)
                    for kernel in kernels if kind == "beside" else ():
                        kernel()
            progress(min(1.0, (now() - began) / seconds))
    return times


def _as_the_command_does() -> None:
    """Keep freed memory, where that is the default."""
    if DEFAULT.memory is Allocator.KEEP:
        keep_memory()


def _as_pass(kernel: Callable[[], object]) -> Callable[[object], object]:
    """A kernel as a pass that takes no stamps."""
    return lambda _: kernel()


def _pass(network: str) -> Callable[..., object]:
    plan = open_network(network).plan
    return partial(build(plan, CPU).run, torch.randn(1, *plan.input_shape))

"""How others share a pass out over its layers, on the same built module, for `latency.py` to compare with.

Every way is given the best case. Hooks sit on leaf modules, and the built module has one for every op, adds and
multiplies included, which hooks on another library's modules miss. All of it runs under `torch.inference_mode`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.benchmark import Timer

from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import Network, build

MILLISECONDS = 1_000
NANOSECONDS_PER_MILLISECOND = 1_000_000
ALONE_WARM_UP, ALONE_REPEATS = 2, 5


class Pass(NamedTuple):
    """A pass, and what the layers add up to in it, in ms."""

    whole: float
    layers: float


def plain(module: nn.Module, images: Tensor, passes: int) -> list[float]:
    """Each pass without any instrument, in ms."""
    return [_milliseconds(module, images) for _ in range(passes)]


def with_hooks(module: nn.Module, images: Tensor, passes: int) -> list[Pass]:
    """Passes with a forward pre-hook and a forward hook on every leaf module."""
    with _hooked(module) as times:
        found: list[Pass] = []
        for _ in range(passes):
            times.clear()
            whole = _milliseconds(module, images)
            found.append(Pass(whole, sum(times) / NANOSECONDS_PER_MILLISECOND))
    return found


def with_profiler(module: nn.Module, images: Tensor, passes: int) -> list[Pass]:
    """Passes under `torch.profiler`; the layers are the self CPU times of all its events, the same for each pass."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        wholes = plain(module, images, passes)
    microseconds = sum(event.self_cpu_time_total for event in profiler.key_averages())
    return [Pass(whole, microseconds / 1_000 / passes) for whole in wholes]


def alone(plan: Plan, images: Tensor) -> float:
    """The sum of every layer's median time in a loop of its own, caches warm, in ms; nothing is done in place."""
    network = build(plan, images.device, inplace=False)
    values: list[Any] = [None] * network.slot_count
    values[0] = images
    total = 0.0
    for module, inputs, output, released in network.steps:
        given = [values[slot] for slot in inputs]
        times = [_milliseconds(module, *given) for _ in range(ALONE_WARM_UP + ALONE_REPEATS)]
        total += median(times[ALONE_WARM_UP:])
        values[output] = module(*given)
        for slot in released:
            values[slot] = None
    return total


def timer_median(network: Network, images: Tensor, threads: int, seconds: float) -> float:
    """What `torch.utils.benchmark` says of the module, in ms."""
    timer = Timer("module(images)", globals={"module": network, "images": images}, num_threads=threads)
    return MILLISECONDS * float(timer.blocked_autorange(min_run_time=seconds).median)


@contextmanager
def _hooked(module: nn.Module) -> Iterator[list[int]]:
    """In this context, the list gets every leaf's time in ns."""
    times: list[int] = []
    begun: list[int] = []

    def before(*_: object) -> None:
        begun.append(time.perf_counter_ns())

    def after(*_: object) -> None:
        times.append(time.perf_counter_ns() - begun.pop())

    leaves = [leaf for leaf in module.modules() if not list(leaf.children())]
    handles = [leaf.register_forward_pre_hook(before) for leaf in leaves]
    handles += [leaf.register_forward_hook(after) for leaf in leaves]
    try:
        yield times
    finally:
        for handle in handles:
            handle.remove()


def _milliseconds(module: nn.Module, *inputs: Tensor) -> float:
    started = time.perf_counter()
    module(*inputs)
    return MILLISECONDS * (time.perf_counter() - started)

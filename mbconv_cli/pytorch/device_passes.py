"""A pass on an accelerator, made ready for its instrument: captured, traced, and launched from Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from mbconv_cli.machine.gpu_state import Gauge, gauge_of
from mbconv_cli.measure.clock import Clock
from mbconv_cli.measure.device_latency import DevicePass, Replays
from mbconv_cli.measure.latency import Pass, plain_pass
from mbconv_cli.measure.timeline.device_trace import NOTHING_SEEN
from mbconv_cli.pytorch.device_tracing import trace_by_op, trace_replays, traceable
from mbconv_cli.pytorch.devices import is_accelerator
from mbconv_cli.pytorch.graph_capture import NotCapturableError, capture_graph, passes_of_replay


def device_pass(
    by_op: Pass,
    ops: int,
    device: torch.device,
    clock: Clock,
    *,
    launch: Callable[[], object] | None = None,
    both_ways: bool = False,
) -> DevicePass | None:
    """A pass for the instrument of an accelerator; None on the CPU, and where nothing sees the device's own time.

    Args:
        by_op: one pass; calls what it is given after every op.
        ops: how many these are.
        device: where it runs.
        clock: of the device.
        launch: the pass as users launch it, if not the same without stamps.
        both_ways: whether it goes back, too.
    """
    if not is_accelerator(device):
        return None
    replays, obstacle = None, ""
    try:
        replays = replays_of(partial(by_op, None), device, clock)
    except NotCapturableError as error:
        obstacle = str(error)
    traced = partial(trace_by_op, by_op, ops, device) if traceable(device) else None
    if replays is None and traced is None:
        return None
    return DevicePass(
        launch=launch or partial(by_op, None),
        by_op=by_op,
        replays=replays,
        trace_launches=traced or (lambda _: NOTHING_SEEN),
        ops=ops,
        both_ways=both_ways,
        obstacle=obstacle,
        gauge=_gauge(device),
    )


def replays_of(run: Callable[[], object], device: torch.device, clock: Clock) -> Replays:
    """A pass captured as a graph, several times in one where it is short.

    Raises:
        NotCapturableError: it cannot be captured.
    """
    single = capture_graph(run, device)
    shortest = min(plain_pass(lambda _: single(), clock) for _ in range(3))
    passes = passes_of_replay(shortest)
    several = single if passes == 1 else capture_graph(run, device, passes)
    return Replays(several, passes, partial(trace_replays, single, device))


def _gauge(device: torch.device) -> Gauge:
    """Reads the clocks and the power of an NVIDIA GPU; of others nothing."""
    if device.type != "cuda" or torch.version.hip is not None:
        return lambda: None
    uuid = str(torch.cuda.get_device_properties(device).uuid).removeprefix("GPU-")
    return gauge_of(f"GPU-{uuid}")

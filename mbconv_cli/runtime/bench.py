"""A Plan on a device: fitted, built, audited and measured. The one door through which a profile enters torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mbconv_cli.cost.counts import Cost
from mbconv_cli.cost.memory import forward_bytes
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell
from mbconv_cli.runtime.audit import Audit, audit
from mbconv_cli.runtime.clocks import clock_for
from mbconv_cli.runtime.devices import DeviceChoice, resolve_device
from mbconv_cli.runtime.execution import Execution
from mbconv_cli.runtime.latency import Budget, Measurement, Progress, Stamp, measure
from mbconv_cli.runtime.machine import load_average, torch_fingerprint
from mbconv_cli.runtime.memory import demand_memory, memory_errors_told
from mbconv_cli.runtime.network import Network, build, settle

FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Bench:
    """What came of running a Plan.

    Attributes:
        audit: the closed forms against fvcore.
        measurement: the samples.
        machine: torch's part of the fingerprint.
        load_before: the load average when measuring began, where the system tells.
        outside: parts of a stamped pass that are outside of every op; their times stand behind the ops'.
        notes: what the backend has to tell.
    """

    audit: Audit
    measurement: Measurement
    machine: dict[str, Cell]
    load_before: float | None
    outside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def run_plan(
    plan: Plan,
    costs: Sequence[Cost],
    *,
    device: DeviceChoice,
    execution: Execution,
    budget: Budget,
    progress: Progress,
) -> Bench:
    """Build a Plan in float32, audit it, and measure it in eval mode on random images `[N, C, H, W]`.

    Raises:
        InputError: the device is not there, or has too little memory, seen before or while running.
    """
    target = resolve_device(device)
    if execution.threads is not None:
        torch.set_num_threads(execution.threads)
    load_before = load_average()
    with memory_errors_told(target):
        demand_memory(forward_bytes(plan, costs, execution.batch_size, execution.dtype.element_size), target)
        network = build(plan, target)
        images = torch.randn(execution.batch_size, *plan.input_shape, device=target)
        settle(network, images[:1])
        audited = audit(network, plan, costs)
        measurement = _measure(network, images, budget, progress)
    return Bench(audited, measurement, torch_fingerprint(str(target)), load_before)


def _measure(network: Network, images: Tensor, budget: Budget, progress: Progress) -> Measurement:
    def one_pass(stamp: Stamp | None) -> object:
        return network.run(images, stamp)

    with torch.inference_mode():
        return measure(one_pass, clock_for(images.device), budget, progress=progress)

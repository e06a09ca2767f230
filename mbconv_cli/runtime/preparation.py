"""A Plan as a network that is ready to run in a form of execution: built, settled, folded, audited, converted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from mbconv_cli.cost.counts import Cost
from mbconv_cli.errors import InputError
from mbconv_cli.plan.ops import BatchNorm, Plan
from mbconv_cli.runtime.agreement import Agreement, compare_outputs
from mbconv_cli.runtime.audit import Audit, audit
from mbconv_cli.runtime.execution import Execution, MemoryFormat, plan_to_run
from mbconv_cli.runtime.folding import fold_network
from mbconv_cli.runtime.network import Network, build, settle

FOLDING_TOLERANCE: Final = 1e-4
LEAST_STATISTICS: Final = 32
_UNSUPPORTED: Final = ("not implemented for", "not supported")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network on its device, and what is known of it.

    Attributes:
        network: in the form's dtype and memory format; in training mode where the form trains.
        plan: what it computes, after folding.
        audit: its closed forms against fvcore.
        agreements: its outputs against those of the network that it was made from, where there is one.
    """

    network: Network
    plan: Plan
    audit: Audit
    agreements: tuple[Agreement, ...]


def prepare(plan: Plan, costs: Sequence[Cost], device: torch.device, execution: Execution) -> Prepared:
    """Build a Plan in float32 with random weights, settle and audit it, and bring it into the form.

    Args:
        plan: before any folding.
        costs: of the Plan that is run, `plan_to_run`.
        device: where.
        execution: the form.
    """
    images = torch.randn(images_for_statistics(plan), *plan.input_shape, device=device)
    network = build(plan, device, inplace=not execution.training)
    settle(network, images)
    agreements: tuple[Agreement, ...] = ()
    if execution.fold_norm:
        unfolded, network = network, fold_network(network, plan)
        agreements = (_folded_as_before(network, unfolded, images),)
    run = plan_to_run(plan, execution)
    audited = audit(network, run, costs)
    network.to(torch_dtype(execution)).to(memory_format=torch_memory_format(execution))
    return Prepared(network.train(execution.training), run, audited, agreements)


def images_for_statistics(plan: Plan) -> int:
    """So many images that every batch norm takes its statistics of some dozens of values, and not of two or three.

    With fewer, the network is so ill-conditioned that rounding decides its outputs.
    """
    extents = [math.prod(op.output.shape[1:]) for op in plan.ops if isinstance(op.kind, BatchNorm)]
    return math.ceil(LEAST_STATISTICS / min(extents, default=LEAST_STATISTICS))


def random_images(plan: Plan, device: torch.device, execution: Execution) -> Tensor:
    """A batch `[N, C, H, W]` in the form's dtype and memory format."""
    images = torch.randn(execution.batch_size, *plan.input_shape, device=device)
    return images.to(dtype=torch_dtype(execution), memory_format=torch_memory_format(execution))


def torch_dtype(execution: Execution) -> torch.dtype:
    """Torch's name of the dtype."""
    dtype = getattr(torch, execution.dtype.value)
    assert isinstance(dtype, torch.dtype)
    return dtype


def torch_memory_format(execution: Execution) -> torch.memory_format:
    """Torch's name of the memory format."""
    last = execution.memory_format is MemoryFormat.CHANNELS_LAST
    return torch.channels_last if last else torch.contiguous_format


@contextmanager
def unsupported_forms_told(device: torch.device, execution: Execution) -> Iterator[None]:
    """Turn torch's ways to say that a device has no kernel for a dtype into one; other errors pass.

    Raises:
        InputError: an op cannot be run in this form on this device.
    """
    try:
        yield
    except (RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else ""
        if not any(sign in reason for sign in _UNSUPPORTED):
            raise
        raise InputError(f"{device} cannot run this network in {execution.dtype.value}: {reason}") from error


@torch.inference_mode()
def _folded_as_before(folded: Network, unfolded: Network, images: Tensor) -> Agreement:
    return compare_outputs("norm folded", folded(images), unfolded(images), FOLDING_TOLERANCE)

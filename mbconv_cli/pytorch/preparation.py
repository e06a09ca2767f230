"""A Plan as a network that is ready to run in a form of execution: built, settled, folded, audited, converted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from mbconv_cli.cost.counts import Cost
from mbconv_cli.errors import InputError
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.execution import Execution, MemoryFormat, plan_to_run
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import fold_norm
from mbconv_cli.pytorch.agreement import require_equal
from mbconv_cli.pytorch.arithmetic import float32_arithmetic
from mbconv_cli.pytorch.built_network import Network, build, images_to_settle, settle
from mbconv_cli.pytorch.devices import is_accelerator
from mbconv_cli.pytorch.folding import fold_network, merge_network

FOLDING_TOLERANCE: Final = 1e-4
_UNSUPPORTED: Final = ("not implemented for", "not supported")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network on its device, and what is known of it.

    Attributes:
        network: in the form's dtype and memory format; in training mode where the form trains.
        plan: what it computes, after folding.
        audit: its closed forms against fvcore.
        notes: what a reader should know of how it was made.
        unfolded: on an accelerator, the same network with the batch norms that were folded.
    """

    network: Network
    plan: Plan
    audit: Audit
    notes: tuple[str, ...]
    unfolded: Prepared | None = None


def prepare(
    plan: Plan, costs: Sequence[Cost], device: torch.device, execution: Execution, audited: Audit | None = None
) -> Prepared:
    """Build a Plan in float32 with random weights, settle and audit it, and bring it into the form.

    Args:
        plan: before any folding.
        costs: of the Plan that is run, `plan_to_run`.
        device: where.
        execution: the form.
        audited: what an audit of the same Plan found, if there was one.

    Raises:
        CheckFailedError: the outputs with and without folding differ.
    """
    images = torch.randn(images_to_settle(plan), *plan.input_shape, device=device)
    network = build(plan, device, inplace=not execution.training)
    settle(network, images)
    notes: tuple[str, ...] = ()
    before: Network | None = None
    if execution.fold_norm:
        before, network = network, fold_network(network, plan)
        if execution.reparameterize:
            network = merge_network(network, fold_norm(plan))
        notes = (_folding_note(network, before, images, execution),)
    run = plan_to_run(plan, execution)
    audited = audited or _audit(network, run, costs)
    unfolded = None
    if before is not None and is_accelerator(device):
        unfolded = Prepared(_in_form(before, execution), plan, audited, ())
    return Prepared(_in_form(network, execution).train(execution.training), run, audited, notes, unfolded)


def _in_form(network: Network, execution: Execution) -> Network:
    """The network in the form's dtype and memory format."""
    return network.to(torch_dtype(execution)).to(memory_format=torch_memory_format(execution))


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
def translate_unsupported_forms(device: torch.device, execution: Execution) -> Iterator[None]:
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


def _audit(network: Network, plan: Plan, costs: Sequence[Cost]) -> Audit:
    from mbconv_cli.pytorch.audit import audit  # fvcore, which most of several processes need not import

    return audit(network, plan, costs)


@torch.inference_mode()
def _folding_note(folded: Network, unfolded: Network, images: Tensor, execution: Execution) -> str:
    """How far the outputs are apart; TF32, which rounds folded weights in another way, says nothing about that."""
    option = "--reparameterize" if execution.reparameterize else "--fold-norm"
    with float32_arithmetic(tf32=False):
        equal = require_equal(option, folded(images), unfolded(images), FOLDING_TOLERANCE)
    return f"folding: beside the network with its batch norms, {equal}"

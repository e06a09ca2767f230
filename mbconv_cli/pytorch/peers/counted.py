"""The module of a network that other tools count: a peer's where there is one, or else the one built here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from mbconv_cli.cost.activation_memory import forward_bytes
from mbconv_cli.cost.counts import plan_costs
from mbconv_cli.cost.tool_conventions import Form
from mbconv_cli.plan.ops import Plan
from mbconv_cli.pytorch.built_network import build
from mbconv_cli.pytorch.device_memory import require_memory
from mbconv_cli.pytorch.peers.alignment import align
from mbconv_cli.pytorch.peers.calls import Call
from mbconv_cli.pytorch.peers.counters import Counted, count_with
from mbconv_cli.pytorch.peers.peer_modules import PeerAbsentError, load_library, make_peer, peer_library, record_on_meta


@dataclass(frozen=True, slots=True)
class CountedModule:
    """A module, and what computes the Plan's ops in it.

    Attributes:
        title: which one it is.
        forms: for each op, None where the module does not compute it as one of its sort.
        notes: sentences about the choice.
        make: makes it anew.
        input_shape: `(C, H, W)`.
    """

    title: str
    forms: tuple[Form | None, ...]
    notes: tuple[str, ...]
    make: Callable[[torch.device], nn.Module]
    input_shape: tuple[int, ...]

    def count(self, tool: str) -> Counted:
        """A tool's figure.

        Raises:
            PeerAbsentError: the tool is not installed, or does not load or run.
        """
        return count_with(tool, self.make, self.input_shape)


def counted_module(plan: Plan, peer: str | None) -> CountedModule:
    """The peer's module if there is one and its library is installed, or else the one built from the Plan.

    Raises:
        InputError: the library has no such network, it cannot take an image of the Plan's shape, or the machine has
            too little memory to run it.
    """
    require_memory(
        forward_bytes(plan, plan_costs(plan), 1, torch.float32.itemsize),
        torch.device("cpu"),
        "count it where there is more",
    )
    notes: tuple[str, ...] = ()
    if peer is not None:
        try:
            load_library(peer_library(peer))
        except PeerAbsentError as absent:
            notes = (f"warning: {peer_library(peer)} is {absent}: counted is the module built here",)
            peer = None
    title, make = _ours(plan) if peer is None else _theirs(peer)
    _, calls = record_on_meta(make, plan.input_shape)
    forms = tuple(form_of(members[0]) if members else None for members in align(plan, calls))
    return CountedModule(title, forms, notes, make, plan.input_shape)


def form_of(call: Call) -> Form:
    """What the tools see of a call."""
    cls = type(call.module)
    return Form(call.function, f"{cls.__module__}.{cls.__qualname__}", not any(call.module.children()))


def _ours(plan: Plan) -> tuple[str, Callable[[torch.device], nn.Module]]:
    return "the module built here", lambda device: build(plan, device)


def _theirs(peer: str) -> tuple[str, Callable[[torch.device], nn.Module]]:
    return peer, lambda device: make_peer(peer, device)

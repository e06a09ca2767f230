"""What a frontier compares: networks, each in every form asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from mbconv_cli.analysis.columns import FLOAT32_BYTES
from mbconv_cli.analysis.frontier.accuracy import Accuracy, published_accuracy, read_accuracies
from mbconv_cli.analysis.networks import Extent, OpenNetwork, extent_text, open_network
from mbconv_cli.cost.activation_memory import peak
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.measure.execution import Backend
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.plan_rewrites import fold_norm
from mbconv_cli.report.model import Cell
from mbconv_cli.spec.catalogue import Catalogue, shipped

COSTS_OF_X: Final = ("latency_ms", "macs", "params", "bytes", "peak_bytes")


@dataclass(frozen=True, slots=True)
class Form:
    """How a network is run.

    Attributes:
        backend: torch or onnxruntime.
        fold_norm: whether batch norms are folded into convolutions first (onnxruntime folds them anyway).
        threads: on the CPU; the default if absent.
    """

    backend: Backend = Backend.TORCH
    fold_norm: bool = False
    threads: int | None = None

    @property
    def label(self) -> str:
        """As a table prints it."""
        parts = [self.backend.value, "norm folded" if self.fold_norm else ""]
        if self.threads is not None:
            parts.append(f"{self.threads} thread{'s' if self.threads > 1 else ''}")
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of a frontier.

    Attributes:
        name: the network's, with its resolution where several were asked for.
        form: how it is run.
        plan: what is run.
        accuracy: of its weights.
        costs: its exact costs, for one batch in float32.
    """

    name: str
    form: Form
    plan: Plan
    accuracy: Accuracy
    costs: dict[str, Cell]


def forms(backends: Sequence[Backend], *, fold_norm: bool, threads: Sequence[int | None]) -> list[Form]:
    """Every combination; with `fold_norm` also the network with folded norms, where torch runs it."""
    return [
        Form(backend, folded, count)
        for count, backend, folded in product(threads, backends, (False, True) if fold_norm else (False,))
        if not (folded and backend is Backend.ONNXRUNTIME)
    ]


def open_candidates(
    references: Sequence[str],
    chosen_forms: Sequence[Form],
    catalogue: Catalogue,
    *,
    family: str | None = None,
    resolutions: Sequence[Extent | None] = (None,),
    accuracy: Path | None = None,
    batch_size: int = 1,
) -> tuple[list[Candidate], list[str]]:
    """The candidates, and the names of networks that were left out because nothing says how accurate they are.

    Args:
        references: which networks; all shipped ones with a published accuracy if empty.
        chosen_forms: in which each of them is run.
        catalogue: where names are looked up.
        family: only networks of this family, in any case of letters.
        resolutions: in pixels; the network's own for None. Another one than the weights were tested at has their
            accuracy all the same, which the source mentions.
        accuracy: a CSV file whose accuracies take precedence.
        batch_size: images in a batch.

    Raises:
        InputError: a network is not valid, none is left, or the CSV file is not valid.
    """
    own = read_accuracies(accuracy) if accuracy else {}
    candidates: list[Candidate] = []
    left_out: list[str] = []
    for reference in references or tuple(shipped()):
        for resolution in resolutions:
            network = open_network(reference, resolution=resolution, catalogue=catalogue)
            if family is not None and (network.spec.family or "").casefold() != family.casefold():
                continue
            known = own.get(network.plan.name) or published_accuracy(network.spec)
            name = (
                network.plan.name
                if len(resolutions) == 1
                else f"{network.plan.name} at {extent_text(network.plan.input_shape[1:])}"
            )
            if known is None:
                left_out.append(name)
                continue
            candidates += [_candidate(name, network, form, known, batch_size) for form in chosen_forms]
    if not candidates:
        which = f" of family {family!r}" if family else ""
        raise InputError(f"no network{which} has a published accuracy; give some with --accuracy FILE.csv")
    return candidates, left_out


def _candidate(name: str, network: OpenNetwork, form: Form, accuracy: Accuracy, batch_size: int) -> Candidate:
    plan = fold_norm(network.plan) if form.fold_norm else network.plan
    cost = total(plan_costs(plan))
    costs: dict[str, Cell] = {
        "params": cost.params,
        "macs": batch_size * cost.macs,
        "bytes": cost.bytes(batch_size, FLOAT32_BYTES),
        "peak_bytes": batch_size * peak(plan).activations * FLOAT32_BYTES,
    }
    return Candidate(name, form, plan, accuracy, costs)

"""Which networks a frontier compares, in which forms, and what is known of them before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Final

from mbconv_cli.analysis.columns import FLOAT32_BYTES
from mbconv_cli.analysis.frontier.accuracies import Accuracy, published_accuracy, read_accuracies, require_used
from mbconv_cli.analysis.networks import CodeOptions, Extent, OpenNetwork, open_network
from mbconv_cli.analysis.sweep.constraints import UNITS, Condition, Units
from mbconv_cli.cost.activation_memory import peak
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.measure.execution import Backend, Execution, plan_to_run, require_possible
from mbconv_cli.spec.catalogue import Catalogue, shipped
from mbconv_cli.spec.code_reference import parse_code
from mbconv_cli.units import counted

RESOLUTION: Final = "resolution"
CONDITION_UNITS: Final[Mapping[str, Units]] = {**UNITS, RESOLUTION: {"": 1, "px": 1}}
"""Of the figures that conditions may be about."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which networks are compared.

    Attributes:
        references: of networks; all shipped ones with a published accuracy if there are none.
        family: networks of this family alone, in any case of letters.
        resolution: (height, width) in pixels in place of the networks' own.
        conditions: which all hold for a network's exact costs and its resolution.
        accuracy: a CSV file whose accuracies come before the published ones.
        code: how code makes its modules, where some of the networks are code.
    """

    references: tuple[str, ...] = ()
    family: str | None = None
    resolution: Extent | None = None
    conditions: tuple[Condition, ...] = ()
    accuracy: Path | None = None
    code: CodeOptions = field(default_factory=CodeOptions)


@dataclass(frozen=True, slots=True)
class Contender:
    """One network of a frontier.

    Attributes:
        name: of the network.
        network: opened.
        accuracy: of its weights, where it is known.
        costs: `params`, `macs`, `flops`, `bytes` and `peak_bytes` of a batch in float32, and `resolution`: the longer
            side.
    """

    name: str
    network: OpenNetwork
    accuracy: Accuracy | None
    costs: Mapping[str, int]

    @property
    def retested(self) -> bool:
        """Whether the accuracy is of another resolution than this one, as far as is known."""
        extent = self.network.plan.input_shape[1:]
        return self.accuracy is not None and self.accuracy.tested_at not in {None, extent}


def forms(
    backends: Sequence[Backend], threads: Sequence[int | None], *, fold_norm: bool, batch_size: int
) -> list[Execution]:
    """Every combination, in the order in which they are given. Norms are folded for torch: onnxruntime folds its own.

    Raises:
        InputError: norms would be folded for onnxruntime alone.
    """
    if fold_norm and Backend.TORCH not in backends:
        raise InputError("--fold-norm with --backend onnxruntime: the export folds norms anyway; leave it out")
    return [
        Execution(
            batch_size, fold_norm=fold_norm and backend is Backend.TORCH, threads=count, backend=backend
        )
        for count, backend in product(threads, backends)
    ]  # fmt: skip


def form_labels(executions: Sequence[Execution]) -> list[str]:
    """What tells each form from the others: `torch`, or `torch 1 thread`."""
    several_counts = len({execution.threads for execution in executions}) > 1
    labels = []
    for execution in executions:
        parts = [execution.backend.value]
        if several_counts and execution.threads is not None:
            parts.append(counted(execution.threads, "thread"))
        labels.append(" ".join(parts))
    return labels


def open_contenders(
    wanted: Selection, executions: Sequence[Execution], catalogue: Catalogue
) -> tuple[list[Contender], list[str]]:
    """The networks to compare, and the names of those that were left out for want of an accuracy.

    Networks that were named are compared in any case.

    Raises:
        InputError: a network is not valid or cannot be run in a form, the accuracies are not valid, or none is left.
    """
    own = read_accuracies(wanted.accuracy) if wanted.accuracy else {}
    code = replace(wanted.code, batch_size=executions[0].batch_size)
    opened = _of_family(_opened(wanted.references, wanted.resolution, catalogue, code), wanted.family)
    if (code.arguments or code.inputs) and not any(network.plan.code for network in opened):
        raise InputError("--arg and --input are for code such as nets.py:make, and no network here is code")
    if wanted.accuracy:
        require_used(wanted.accuracy, own, (network.plan.name for network in opened))
    contenders = [_contender(network, own, executions[0]) for network in opened]
    contenders = [one for one in contenders if all(condition.holds(one.costs) for condition in wanted.conditions)]
    left_out = [one.name for one in contenders if one.accuracy is None and not wanted.references]
    contenders = [one for one in contenders if one.name not in left_out]
    _require_some(contenders, wanted)
    for contender, execution in product(contenders, executions):
        require_possible(contender.network.plan, execution)
    return contenders, left_out


def chosen_networks(
    references: Sequence[str],
    resolution: Extent | None,
    conditions: Sequence[Condition],
    execution: Execution,
    catalogue: Catalogue,
) -> list[OpenNetwork]:
    """Networks in YAML that satisfy all conditions, with or without an accuracy; all shipped ones if none is named.

    Raises:
        InputError: one is not valid, or none is left.
    """
    opened = _opened(references, resolution, catalogue, None)
    found = [one for one in opened if all(each.holds(_costs(one, execution)) for each in conditions)]
    if not found:
        texts = " and ".join(f"--where {each.text!r}" for each in conditions)
        raise InputError(f"no network is left for {texts}; loosen a condition")
    return found


def _opened(
    references: Sequence[str], resolution: Extent | None, catalogue: Catalogue, code: CodeOptions | None
) -> list[OpenNetwork]:
    return [
        open_network(one, resolution=resolution, catalogue=catalogue, code=code if code and parse_code(one) else None)
        for one in dict.fromkeys(references) or map(str, shipped().values())
    ]


def _require_some(contenders: Sequence[Contender], wanted: Selection) -> None:
    if not contenders:
        texts = [f"--where {condition.text!r}" for condition in wanted.conditions]
        texts += [f"--family {wanted.family}"] * (wanted.family is not None)
        which = f" for {' and '.join(texts)}" if texts else ""
        raise InputError(f"no network is left{which}; loosen a condition, or give accuracies with --accuracy FILE.csv")
    names = [contender.name for contender in contenders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two networks are called {twice[0]!r}; rename one (`name:` in its file)")


def _of_family(opened: Sequence[OpenNetwork], family: str | None) -> list[OpenNetwork]:
    if family is None:
        return list(opened)
    families = {network.yaml_spec.family for network in opened if network.yaml_spec and network.yaml_spec.family}
    found = [
        network
        for network in opened
        if network.yaml_spec and (network.yaml_spec.family or "").casefold() == family.casefold()
    ]
    if not found:
        hint = did_you_mean(family, families) or f"; there are {', '.join(sorted(families))}"
        raise InputError(f"--family {family!r}: no network is of it{hint}")
    return found


def _contender(network: OpenNetwork, own: Mapping[str, Accuracy], execution: Execution) -> Contender:
    published = published_accuracy(network.yaml_spec) if network.yaml_spec else None
    accuracy = own.get(network.plan.name) or published
    return Contender(network.plan.name, network, accuracy, _costs(network, execution))


def _costs(network: OpenNetwork, execution: Execution) -> dict[str, int]:
    """What conditions may be about, and the axes of a frontier."""
    plan = plan_to_run(network.plan, execution)
    cost, images = total(plan_costs(plan)), plan.images(execution.batch_size)
    return {
        "params": cost.params,
        "macs": images * cost.macs,
        "flops": images * cost.flops,
        "bytes": cost.bytes(images, FLOAT32_BYTES),
        "peak_bytes": images * peak(plan).activations * FLOAT32_BYTES,
        RESOLUTION: max(network.plan.input_shape[-2:], default=0),
    }

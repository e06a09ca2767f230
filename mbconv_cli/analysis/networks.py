"""Opening networks: what every question begins with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mbconv_cli import __version__
from mbconv_cli.cost.convention import CONVENTION
from mbconv_cli.errors import InputError
from mbconv_cli.plan.network import plan_loaded
from mbconv_cli.plan.ops import Plan
from mbconv_cli.report.model import Cell, Provenance
from mbconv_cli.spec.catalogue import Catalogue
from mbconv_cli.spec.loader import LoadedSpec, load
from mbconv_cli.spec.network import Scaling, Spec


@dataclass(frozen=True, slots=True)
class OpenNetwork:
    """A network that was found valid: its Spec and its Plan."""

    spec: Spec
    plan: Plan


def open_network(reference: str, *, resolution: int | None = None, catalogue: Catalogue | None = None) -> OpenNetwork:
    """The network of a name, a path, or `-`.

    Args:
        reference: which network.
        catalogue: where names are looked up; the shipped ones and MBCONV_ARCH_PATH if absent.
        resolution: height and width in pixels in place of the spec's own.

    Raises:
        InputError: it cannot be found, is not valid, or cannot have this resolution.
    """
    loaded = load(reference, catalogue)
    if resolution is None:
        return OpenNetwork(loaded.spec, plan_loaded(loaded))
    spec = _at_resolution(loaded.spec, resolution)
    try:
        return OpenNetwork(spec, plan_loaded(LoadedSpec(spec, loaded.document)))
    except InputError as error:
        raise InputError(*(f"{problem} (at --resolution {resolution})" for problem in error.problems)) from error


def provenance(spec: Spec | None = None, machine: dict[str, Cell] | None = None, **settings: Cell) -> Provenance:
    """Where a report's figures come from."""
    return Provenance(
        mbconv=__version__,
        convention=CONVENTION,
        spec_sha256=spec_sha256(spec) if spec else None,
        machine=machine or {},
        settings=settings,
    )


def spec_sha256(spec: Spec) -> str:
    """A digest of all that a Spec says about the network itself: not of its name, sources and expectations."""
    content = spec.model_dump_json(exclude={"name", "family", "source", "expect"})
    return hashlib.sha256(content.encode()).hexdigest()


def _at_resolution(spec: Spec, resolution: int) -> Spec:
    extent = (resolution, resolution)
    scaling = Scaling.model_validate(spec.scaling.model_dump() | {"resolution": extent})
    return spec.model_copy(update={"scaling": scaling})

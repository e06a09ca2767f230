"""Opening networks: what every question begins with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mbconv_cli import __version__
from mbconv_cli.cost.convention import CONVENTION
from mbconv_cli.errors import InputError, Problem
from mbconv_cli.plan.ops import Plan
from mbconv_cli.plan.planner import plan_loaded
from mbconv_cli.plan.scaling import compounded
from mbconv_cli.report.model import Cell, Provenance
from mbconv_cli.spec.catalogue import Catalogue
from mbconv_cli.spec.loader import LoadedSpec, load
from mbconv_cli.spec.overrides import parse_override, reach
from mbconv_cli.spec.spec import DESCRIPTIVE_KEYS, Scaling, Spec

Extent: TypeAlias = tuple[int, int]
"""(height, width) in pixels."""


@dataclass(frozen=True, slots=True)
class OpenNetwork:
    """A network that was found valid: its Spec and its Plan, and what was changed in it, in words."""

    spec: Spec
    plan: Plan
    overrides: tuple[str, ...] = ()

    def subject(self, batch_size: int = 1) -> dict[str, Cell]:
        """What a report about it says that it is about."""
        subject: dict[str, Cell] = {"name": self.plan.name, "input_shape": (batch_size, *self.plan.input_shape)}
        return subject | ({"set": "; ".join(self.overrides)} if self.overrides else {})


def open_network(
    reference: str,
    *,
    resolution: int | Extent | None = None,
    catalogue: Catalogue | None = None,
    overrides: Sequence[str] = (),
) -> OpenNetwork:
    """The network of a name, a path, `REV:path` as of a git revision, or `-`.

    Args:
        reference: which network.
        catalogue: where names are looked up; the shipped ones and MBCONV_ARCH_PATH if absent.
        resolution: pixels in place of the spec's own: one number for both directions, or (height, width).
        overrides: what to change in its spec, each as `PATH=VALUE`.

    Raises:
        InputError: it cannot be found, is not valid, or cannot have this resolution.
    """
    changes = tuple(parse_override(text) for text in overrides)
    loaded = load(reference, catalogue, overrides=changes)
    changed = tuple(reach(change, loaded.document) for change in changes)
    if resolution is None:
        return OpenNetwork(loaded.spec, plan_loaded(loaded), changed)
    extent = (resolution, resolution) if isinstance(resolution, int) else resolution
    spec = _at_resolution(loaded.spec, extent)
    try:
        return OpenNetwork(spec, plan_loaded(LoadedSpec(spec, loaded.document)), changed)
    except InputError as error:
        where = f"(at --resolution {extent_text(extent)})"
        raise InputError(*(Problem(f"{one.what} {where}", one.mark) for one in error.problems)) from error


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
    content = spec.model_dump_json(exclude=set(DESCRIPTIVE_KEYS))
    return hashlib.sha256(content.encode()).hexdigest()


def extent_text(extent: Sequence[int]) -> str:
    """(height, width) as `224` where they agree, else as `320x640`."""
    height, width = extent
    return str(height) if height == width else f"{height}x{width}"


def _at_resolution(spec: Spec, extent: Extent) -> Spec:
    spec = compounded(spec)
    scaling = Scaling.model_validate(spec.scaling.model_dump() | {"resolution": extent})
    return spec.model_copy(update={"scaling": scaling})

"""Where a report's figures come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbconv_cli import __version__
from mbconv_cli.cost.convention import CONVENTION
from mbconv_cli.report.model import Cell, Provenance

if TYPE_CHECKING:
    from mbconv_cli.analysis.networks import OpenNetwork


def provenance(
    network: OpenNetwork | None = None, machine: dict[str, Cell] | None = None, **settings: Cell
) -> Provenance:
    """Where a report's figures come from."""
    return Provenance(
        mbconv=__version__,
        convention=CONVENTION,
        spec_sha256=network.sha256 if network else None,
        machine=machine or {},
        settings=settings,
    )

"""Which networks are there?"""

from __future__ import annotations

from collections.abc import Sequence

from mbconv_cli.analysis.networks import open_network, provenance
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.report.model import Better, Column, Kind, Priority, Report, Row, Section
from mbconv_cli.spec.catalogue import Catalogue, Entry, shipped_folder
from mbconv_cli.units import MAC, PARAM, PIXEL

COLUMNS = (
    Column("name"),
    Column("family"),
    Column("resolution", PIXEL),
    Column("params", PARAM, Kind.EXACT, Better.LOWER),
    Column("macs", MAC, Kind.EXACT, Better.LOWER),
    Column("source", priority=Priority.EXTRA),
    Column("file", priority=Priority.EXTRA),
)
SHIPPED = "shipped"


def list_networks(catalogue: Catalogue) -> Report:
    """Every network that can be called by name, with its costs for one image as they follow from its file."""
    entries = catalogue.entries()
    rows: list[Row] = []
    invalid: list[str] = []
    for entry in entries:
        try:
            rows.append(_row(entry, catalogue))
        except InputError as error:
            more = f" (and {len(error.problems) - 1} more; `mbconv validate` shows all)" if error.problems[1:] else ""
            invalid.append(f"warning: left out, since it is not valid: {error.sentences[0]}{more}")
    section = Section(COLUMNS, tuple(rows))
    notes = (*invalid, *_twice(entries))
    return Report("networks", provenance(), {}, {"networks": len(rows)}, {"networks": section}, notes)


def _row(entry: Entry, catalogue: Catalogue) -> Row:
    network = open_network(str(entry.path), catalogue=catalogue)
    cost = total(plan_costs(network.plan))
    return {
        "name": entry.name,
        "family": network.spec.family,
        "resolution": network.plan.input_shape[1:],
        "params": cost.params,
        "macs": cost.macs,
        "source": network.spec.source,
        "file": SHIPPED if entry.path.parent == shipped_folder() else str(entry.path),
    }


def _twice(entries: Sequence[Entry]) -> tuple[str, ...]:
    """A warning for each name that several networks have."""
    places: dict[str, list[str]] = {}
    for entry in entries:
        places.setdefault(entry.name, []).append(str(entry.path))
    return tuple(
        f"warning: {len(paths)} networks are called {name!r}: {', '.join(paths)}; say which by its path"
        for name, paths in places.items()
        if len(paths) > 1
    )

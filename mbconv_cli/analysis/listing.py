"""Which networks are there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.report.model import Better, Cell, Column, Kind, Priority, Report, Row, Section
from mbconv_cli.spec.catalogue import Catalogue, Entry, shipped_folder
from mbconv_cli.spec.shipped_summary import Summary, shipped_summary
from mbconv_cli.units import MAC, PARAM, PERCENT, PIXEL

if TYPE_CHECKING:
    from mbconv_cli.analysis.sweep.constraints import Condition

COLUMNS = (
    Column("name"),
    Column("family"),
    Column("resolution", PIXEL),
    Column("params", PARAM, Kind.EXACT, Better.LOWER),
    Column("macs", MAC, Kind.EXACT, Better.LOWER),
    Column("top1", PERCENT, Kind.LABEL, Better.HIGHER, Priority.CONTEXT),
    Column("source", priority=Priority.EXTRA),
    Column("file", priority=Priority.EXTRA),
)
SHIPPED = "shipped"
FIGURES: Final = ("params", "macs")
"""What a network may be limited in."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which networks are listed, and in which order.

    Attributes:
        text: what their names contain, in any case.
        family: their family, in any case; all if absent.
        limits: on their figures.
        sort: the column to sort by, figures from the smallest, accuracies from the best; by name if absent.
    """

    text: str = ""
    family: str | None = None
    limits: tuple[Condition, ...] = ()
    sort: str | None = None

    def admits(self, row: Row) -> bool:
        """Whether a network is listed."""
        of_family = self.family is None or str(row["family"]).casefold() == self.family.casefold()
        named = self.text.casefold() in str(row["name"]).casefold()
        return named and of_family and all(limit.holds(row) for limit in self.limits)


EVERYTHING: Final = Filter()


def list_networks(catalogue: Catalogue, wanted: Filter = EVERYTHING) -> Report:
    """The networks that can be called by name, with their costs for one image as they follow from their files.

    Args:
        catalogue: where they are.
        wanted: which of them, and in which order.

    Raises:
        InputError: there is no such family or column.
    """
    if wanted.sort is not None:
        from mbconv_cli.analysis.view import require_column

        require_column(wanted.sort, COLUMNS, (), "")
    entries = catalogue.entries()
    rows: list[Row] = []
    invalid: list[str] = []
    for entry in entries:
        try:
            rows.append(_row(entry, catalogue))
        except InputError as error:
            more = f" (and {len(error.problems) - 1} more; `mbconv validate` shows all)" if error.problems[1:] else ""
            invalid.append(f"warning: left out, since it is not valid: {error.sentences[0]}{more}")
    _require_family(wanted.family, rows)
    listed = [row for row in rows if wanted.admits(row)]
    if wanted.sort is not None:
        listed.sort(key=lambda row: _sortable(row, str(wanted.sort)))
    section = Section(COLUMNS, tuple(listed))
    notes = (*invalid, *_twice(entries))
    return Report("networks", provenance(), {}, {"networks": len(listed)}, {"networks": section}, notes)


def _require_family(family: str | None, rows: Sequence[Row]) -> None:
    families = list(dict.fromkeys(str(row["family"]) for row in rows if row["family"]))
    if family is not None and family.casefold() not in map(str.casefold, families):
        hint = did_you_mean(family, families) or f"; there are {', '.join(families)}"
        raise InputError(f"--family {family!r}: no network has it{hint}")


def _sortable(row: Row, key: str) -> tuple[bool, float, str]:
    """Small figures first, the best accuracy first, words from A to Z; what has none comes last."""
    cell: Cell = row.get(key)
    if isinstance(cell, tuple):
        cell = cell[0]
    if isinstance(cell, int | float):
        return False, -float(cell) if key == "top1" else float(cell), ""
    return cell is None, 0.0, str(cell)


def _row(entry: Entry, catalogue: Catalogue) -> Row:
    shipped = entry.path.parent == shipped_folder()
    found = (shipped_summary(entry.path, catalogue) if shipped else None) or _computed(entry, catalogue)
    return {
        "name": entry.name,
        "family": found.family,
        "resolution": found.resolution,
        "params": found.params,
        "macs": found.macs,
        "top1": found.top1,
        "source": found.source,
        "file": SHIPPED if shipped else str(entry.path),
    }


def _computed(entry: Entry, catalogue: Catalogue) -> Summary:
    """What follows from a file that is planned and counted."""
    from mbconv_cli.analysis.networks import open_network
    from mbconv_cli.cost.counts import plan_costs, total

    network = open_network(str(entry.path), catalogue=catalogue)
    spec, cost = network.spec, total(plan_costs(network.plan))
    top1 = spec.published.top1 if spec.published else None
    _, height, width = network.plan.input_shape
    return Summary(spec.family, spec.source, (height, width), cost.params, cost.macs, top1)


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

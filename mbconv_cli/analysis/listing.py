"""Which networks are there?"""

from __future__ import annotations

from mbconv_cli.analysis.networks import open_network, provenance
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.report.model import Better, Column, Kind, Report, Row, Section
from mbconv_cli.spec.catalogue import shipped
from mbconv_cli.units import MAC, PARAM, PIXEL

COLUMNS = (
    Column("name"),
    Column("family"),
    Column("resolution", PIXEL),
    Column("params", PARAM, Kind.EXACT, Better.LOWER),
    Column("macs", MAC, Kind.EXACT, Better.LOWER),
    Column("source"),
)


def list_networks() -> Report:
    """Every shipped network, with its costs for one image as they follow from its file."""
    rows = tuple(_row(name) for name in shipped())
    return Report("networks", provenance(), {}, {"networks": len(rows)}, {"networks": Section(COLUMNS, rows)})


def _row(name: str) -> Row:
    network = open_network(name)
    cost = total(plan_costs(network.plan))
    return {
        "name": name,
        "family": network.spec.family,
        "resolution": network.plan.input_shape[1:],
        "params": cost.params,
        "macs": cost.macs,
        "source": network.spec.source,
    }

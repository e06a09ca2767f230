"""The rows of profiles: exact costs of groups of ops, and shares of a column's sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mbconv_cli.analysis.columns import (
    ALIVE,
    BYTES,
    BYTES_SHARE,
    FLOPS,
    LATENCY,
    LATENCY_SHARE,
    MACS,
    MACS_SHARE,
    PARAMS,
    PARAMS_SHARE,
    cost_cells,
)
from mbconv_cli.analysis.grouping import Group
from mbconv_cli.analysis.view import number
from mbconv_cli.cost.counts import Cost, total
from mbconv_cli.report.model import Cell, Column, Row

SHARES: Final = (
    (PARAMS, PARAMS_SHARE),
    (MACS, MACS_SHARE),
    (BYTES, BYTES_SHARE),
    (LATENCY[0], LATENCY_SHARE),
)
COSTS_BY_ROLE: Final = (PARAMS, PARAMS_SHARE, MACS, MACS_SHARE, FLOPS, BYTES, BYTES_SHARE, ALIVE)


def exact_rows(
    groups: Sequence[Group], costs: Sequence[Cost], alive: Sequence[int], batch_size: int, element_size: int
) -> list[Row]:
    """The labels of each group, what its ops cost together, and the most bytes alive at any of them."""
    return [
        {
            **group.labels,
            **cost_cells(total(costs[index] for index in group.ops), batch_size, element_size),
            ALIVE.key: max(alive[index] for index in group.ops),
        }
        for group in groups
    ]


def with_shares(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    """Each row with its shares of the sums of other columns, as far as the shares are columns."""
    wanted = [(figure.key, share.key) for figure, share in SHARES if share in columns]
    wholes = {key: sum(number(row, key) for row in rows) for key, _ in wanted}

    def shares(row: Row) -> dict[str, Cell]:
        return {share: number(row, key) / wholes[key] if wholes[key] else 0.0 for key, share in wanted}

    return [{**row, **shares(row)} for row in rows]

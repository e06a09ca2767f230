"""The columns that several reports share, and the cells under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mbconv_cli.cost.counts import Cost
from mbconv_cli.report.model import Better, Cell, Column, Kind, Priority
from mbconv_cli.units import BYTE, FLOP, MAC, MILLISECOND, PARAM, RATIO, SHARE

if TYPE_CHECKING:
    from mbconv_cli.measure.statistics.estimates import Estimate

FLOAT32_BYTES: Final = 4

PARAMS: Final = Column("params", PARAM, Kind.EXACT, Better.LOWER)
MACS: Final = Column("macs", MAC, Kind.EXACT, Better.LOWER)
FLOPS: Final = Column("flops", FLOP, Kind.EXACT, Better.LOWER, priority=Priority.DERIVED)
BYTES: Final = Column("bytes", BYTE, Kind.EXACT, Better.LOWER, priority=Priority.DETAIL)
ALIVE: Final = Column("alive_bytes", BYTE, Kind.EXACT, Better.LOWER, priority=Priority.DERIVED)
COSTS: Final = (PARAMS, MACS, FLOPS, BYTES)
LATENCY: Final = (
    Column("latency_ms", MILLISECOND, Kind.MEASURED, Better.LOWER),
    Column("latency_ms_low", MILLISECOND, Kind.MEASURED),
    Column("latency_ms_high", MILLISECOND, Kind.MEASURED),
)
LAUNCHED: Final = tuple(
    Column(f"launched_ms{end}", MILLISECOND, Kind.MEASURED, Better.NEITHER if end else Better.LOWER, Priority.CONTEXT)
    for end in ("", "_low", "_high")
)
"""Of a pass on an accelerator that Python launches op by op."""
PARAMS_SHARE: Final = Column("params_share", SHARE, Kind.EXACT, priority=Priority.CONTEXT)
MACS_SHARE: Final = Column("macs_share", SHARE, Kind.EXACT, priority=Priority.CONTEXT)
BYTES_SHARE: Final = Column("bytes_share", SHARE, Kind.EXACT, priority=Priority.DETAIL)
LATENCY_SHARE: Final = Column("latency_share", SHARE, Kind.MEASURED, priority=Priority.CONTEXT)
LATENCY_RATIO: Final = (
    Column("latency_ratio", RATIO, Kind.MEASURED, Better.LOWER),
    Column("latency_ratio_low", RATIO, Kind.MEASURED),
    Column("latency_ratio_high", RATIO, Kind.MEASURED),
)


def cost_cells(cost: Cost, batch_size: int, element_size: int = FLOAT32_BYTES) -> dict[str, Cell]:
    """The costs of a batch at `element_size` byte an element, under `COSTS`."""
    return {
        "params": cost.params,
        "macs": batch_size * cost.macs,
        "flops": batch_size * cost.flops,
        "bytes": cost.bytes(batch_size, element_size),
    }


def estimate_cells(key: str, estimate: Estimate) -> dict[str, Cell]:
    """A measured figure and its interval, under `key`, `key_low` and `key_high`."""
    return {key: estimate.value, f"{key}_low": estimate.low, f"{key}_high": estimate.high}


def latency_cells(estimate: Estimate) -> dict[str, Cell]:
    """A latency in ms and its interval, under `LATENCY`."""
    return estimate_cells("latency_ms", estimate)

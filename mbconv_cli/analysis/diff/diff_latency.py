"""The latency of two networks: measured side by side, or of two stored profiles that may be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mbconv_cli.analysis.columns import LATENCY, LATENCY_RATIO, LAUNCHED, estimate_cells
from mbconv_cli.analysis.diff.diff_sides import Side
from mbconv_cli.analysis.diff.stored_profiles import differing_fields
from mbconv_cli.analysis.measuring import (
    NETWORK_SECONDS,
    MeasureRequest,
    measure_sets,
    notes,
    usable_figures,
    with_launched,
)
from mbconv_cli.errors import InputError
from mbconv_cli.report.model import Cell, Column, Row, Section

COLUMNS: Final = (Column("name"), *LATENCY, *LATENCY_RATIO)
SIDE_BY_SIDE: Final = "`mbconv diff --measure` on the two networks measures them side by side"


@dataclass(frozen=True, slots=True)
class Latency:
    """Both networks' latency: a section if there are figures, the machine, and notes."""

    section: Section | None = None
    machine: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    figures: Mapping[str, Cell] = field(default_factory=dict)


def measured_latency(base: Side, head: Side, measure: MeasureRequest) -> Latency:
    """Both measured in turn, in several fresh processes.

    Raises:
        InputError: one of them is a stored profile, or the device is not there or too small.
        CheckFailedError: closed forms and fvcore disagree on what was built.
    """
    for name, side in (("BASE", base), ("HEAD", head)):
        if side.profile:
            raise InputError(f"--measure: {name} is a stored profile; only networks can be measured")
    assert base.network is not None
    assert head.network is not None
    plans = base.network.plan, head.network.plan
    found = measure_sets([plans], measure, batch_size=base.input_shape[0], seconds=NETWORK_SECONDS)
    (first, second), (_, ratio) = found.latency_ms[0], found.latency_ratio[0]
    rows: list[Row] = [
        {"name": "base", **estimate_cells("latency_ms", first)},
        {"name": "head", **estimate_cells("latency_ms", second), **estimate_cells("latency_ratio", ratio)},
    ]
    columns = (*COLUMNS, *(LAUNCHED if found.launched_ms else ()))
    section = Section(columns, tuple(with_launched(rows, found, 0)))
    return Latency(section, found.machine, notes(found), usable_figures(found))


def stored_latency(base: Side, head: Side) -> Latency:
    """The end-to-end latencies of two stored profiles, if both were measured in the same way on equal machines."""
    first, second = (side.profile.latency if side.profile else {} for side in (base, head))
    if not first and not second:
        return Latency()
    if not base.profile or not head.profile or not first or not second:
        which = "BASE" if first else "HEAD"
        return Latency(notes=(f"latency: not compared, since {which} alone brings one; {SIDE_BY_SIDE}",))
    differing = differing_fields(base.profile.report, head.profile.report)
    if differing:
        return Latency(notes=(f"latency: not comparable: {', '.join(differing)}; {SIDE_BY_SIDE}",))
    ratio = _number(second["latency_ms"]) / _number(first["latency_ms"])
    rows: tuple[Row, ...] = ({"name": "base", **first}, {"name": "head", **second, "latency_ratio": ratio})
    text = (
        "latency: as stored, each from one process; such figures differ by some percent from one process to the next "
        f"of the same network, so the ratio has no interval; {SIDE_BY_SIDE}"
    )
    return Latency(Section(COLUMNS, rows), base.profile.report.provenance.machine, (text,))


def _number(cell: Cell) -> float:
    assert isinstance(cell, int | float)
    return cell

"""What a profile answers first: its stages, and the rows that cost the most. Every row stays in JSON and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from mbconv_cli.analysis.columns import LATENCY, MACS
from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.view import View, arranged
from mbconv_cli.report.model import Column, Excerpt, Row, Section

CALLS: Final = "calls of modules"
"""The row for what the end-to-end pass takes and the flat program of its layers does not."""
TOP: Final = 10
PARTS: Final = frozenset({By.LAYER, By.BLOCK})
"""The rows that are too many to read as a first answer, and that stages sum up."""


def costliest(section: Section, by: By, summed: Sequence[Column]) -> Section:
    """The section with its ten slowest rows, or those of the most MACs where nothing was measured, as the excerpt."""
    timed = LATENCY[0] in section.columns
    key = LATENCY[0].key if timed else MACS.key
    known = [column for column in summed if column in section.columns]
    rows = arranged(section.rows, View(by, key, TOP), known)
    return replace(section, excerpt=Excerpt(f"{'slowest' if timed else 'costliest'} {by.section}", tuple(rows)))


def set_aside(section: Section) -> Section:
    """The section with nothing of it shown first."""
    return replace(section, excerpt=Excerpt())


def balance_note(reconciled: Section) -> list[str]:
    """The comparison of the two passes in one line, where a report shows no table of it."""
    rows: Mapping[object, Row] = {row["name"]: row for row in reconciled.rows}
    layers, difference, slowdown = (
        rows.get(name, {}) for name in ("sum of layers", "difference", "slowdown by the stamps")
    )
    off, slower, whole = difference.get("latency_share"), slowdown.get("latency_share"), layers.get("latency_ms")
    if not isinstance(off, float) or not isinstance(slower, float) or not isinstance(whole, float):
        return []
    side = "below" if off >= 0 else "above"
    against, calls = "the end-to-end median as measured", rows.get(CALLS, {}).get("latency_share")
    outside = ""
    if isinstance(calls, float):
        against, outside = "the captured program", f"; calls of modules take {100 * calls:.1f} % of the module's time"
    return [
        (
            f"sum: the layers add up to {whole:.3f} ms, {100 * abs(off):.1f} % {side} {against}; "
            f"their time stamps cost {100 * slower:.1f} %{outside}"
        )
    ]

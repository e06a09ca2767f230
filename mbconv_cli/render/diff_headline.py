"""The one line that a diff begins with: how much more or less of each cost, better in green and worse in red."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from mbconv_cli.render.cells import PLUS_MINUS, title
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.trends import TREND_STYLES, trend
from mbconv_cli.report.model import Better, Column, Report, Row
from mbconv_cli.units import decimal

SHOWN: Final = ("macs", "params")

Piece: TypeAlias = tuple[str, str]
"""A part of a line, with its style."""


def diff_headline(report: Report, *, unicode: bool = True) -> list[Piece]:
    """`+169.2 M MACs (+78 %), -191.8 k params (-4 %), +9.5 ms (+78 % ±3)` in pieces; nothing for other reports."""
    if report.kind != "diff":
        return []
    parts = [*_exact_parts(report), *_latency_part(report)]
    pieces: list[Piece] = []
    for text, style in parts:
        pieces += (
            [(", ", ""), (safe(text, unicode=unicode), style)] if pieces else [(safe(text, unicode=unicode), style)]
        )
    return pieces


def _exact_parts(report: Report) -> Iterator[Piece]:
    totals = report.sections.get("totals")
    rows = {str(row["metric"]): row for row in totals.rows} if totals else {}
    for key in SHOWN:
        difference, change = (rows.get(key, {}).get(cell) for cell in ("difference", "change"))
        if isinstance(difference, int):
            share = f" ({_percent(change)})" if isinstance(change, float) else ""
            sign = "+" if difference > 0 else ""
            text = f"{sign}{decimal(difference)} {title(Column(key))}{share}"
            style = TREND_STYLES[trend(difference, Better.LOWER)]
            yield (text, style) if difference else (f"the same {title(Column(key))}", "")


def _latency_part(report: Report) -> Iterator[Piece]:
    latency = report.sections.get("latency")
    if latency is None or len(latency.rows) != 2 or report.measurement.get("usable") is False:
        return
    base, head = latency.rows
    before, after, ratio = base.get("latency_ms"), head.get("latency_ms"), head.get("latency_ratio")
    if not isinstance(before, float) or not isinstance(after, float) or not isinstance(ratio, float):
        return
    spread, certain = _spread(head)
    style = TREND_STYLES[trend(ratio - 1, Better.LOWER)] if certain else ""
    yield f"{after - before:+.3g} ms ({_percent(ratio - 1)}{spread})", style


def _spread(head: Row) -> tuple[str, bool]:
    """Half the width of the ratio's interval in percent, and whether the interval leaves out 1."""
    low, high = head.get("latency_ratio_low"), head.get("latency_ratio_high")
    if not isinstance(low, float) or not isinstance(high, float):
        return "", False
    return f"{PLUS_MINUS}{100 * (high - low) / 2:.2g}", not low <= 1 <= high


def _percent(share: float) -> str:
    """A change in percent: whole ones from ten on, one decimal below."""
    percent = 100 * share
    return f"{percent:+.0f} %" if abs(percent) >= 10 else f"{percent:+.2g} %"

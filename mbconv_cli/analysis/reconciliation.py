"""The sum of the layers beside the end-to-end median: what the two passes of a profile say of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from mbconv_cli.analysis.columns import LATENCY, LATENCY_SHARE, latency_cells
from mbconv_cli.analysis.measuring import busy_warning, device_note
from mbconv_cli.report.model import Cell, Column, Row, Section
from mbconv_cli.runtime.bench import Bench
from mbconv_cli.runtime.estimates import Estimate, median_interval, midmeans

NOISY_PRECISION: Final = 0.05
WIDE_DIFFERENCE: Final = 0.05


def end_to_end(bench: Bench) -> Estimate:
    """The latency that counts: the median of the plain passes, in ms."""
    return median_interval(bench.measurement.end_to_end)


def group_latencies(bench: Bench, groups: Sequence[Sequence[int]]) -> list[Estimate]:
    """The time of each group of ops, in ms; all groups together are the sum of the layers."""
    return midmeans(bench.measurement.layers, groups)


def reconcile(bench: Bench) -> Section:
    """The sum of the layers, the end-to-end median, their difference, and what the stamps cost."""
    whole, layers = end_to_end(bench), sum_of_layers(bench)
    stamped = median_interval([math.fsum(times) for times in bench.measurement.layers])

    def row(name: str, cells: dict[str, Cell], figure: float) -> Row:
        return {"name": name, **cells, LATENCY_SHARE.key: figure / whole.value}

    difference = whole.value - layers.value
    slowdown = stamped.value - whole.value
    rows = (
        row("sum of layers", latency_cells(layers), layers.value),
        row("difference", {"latency_ms": difference}, difference),
        row("end to end", latency_cells(whole), whole.value),
        row("slowdown by the stamps", {"latency_ms": slowdown}, slowdown),
    )
    return Section((Column("name"), *LATENCY, LATENCY_SHARE), rows)


def sum_of_layers(bench: Bench) -> Estimate:
    """The time of all ops together, and of what is outside of them, in ms."""
    return group_latencies(bench, [range(bench.audit.ops + len(bench.outside))])[0]


def measurement_notes(bench: Bench) -> tuple[str, ...]:
    """How the figures came about, and what to hold against them."""
    measurement, audit, whole = bench.measurement, bench.audit, end_to_end(bench)
    return (
        device_note(bench.machine),
        (
            f"samples: {len(measurement.end_to_end)} plain and {len(measurement.layers)} stamped passes in turn after "
            f"{measurement.warm_up} of each to warm up, {measurement.seconds:.1f} s; end to end is their median, "
            f"with 95 % confidence within {100 * whole.precision:.1f} %; a layer is a midmean"
        ),
        (
            f"audit: closed forms and fvcore agree on all {audit.ops} ops: {audit.macs:,} MAC an image, "
            f"{audit.params:,} params"
        ),
        *bench.notes,
        *_warnings(bench, whole),
        *busy_warning(bench.load_before, bench.machine),
    )


def _warnings(bench: Bench, whole: Estimate) -> list[str]:
    warnings = []
    if not bench.measurement.steady:
        warnings.append("warning: the time was not stable at the end of the warm-up; the machine may be busy")
    if whole.precision > NOISY_PRECISION:
        known = f"{100 * whole.precision:.1f} %"
        warnings.append(f"warning: the machine was too noisy: the end-to-end median is known to {known} only")
    off = sum_of_layers(bench).value / whole.value - 1
    if abs(off) > WIDE_DIFFERENCE:
        side = "more" if off > 0 else "less"
        warnings.append(f"warning: the layers sum to {100 * abs(off):.1f} % {side} than end to end; measure again")
    return warnings

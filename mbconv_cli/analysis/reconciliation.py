"""The sum of the layers beside the end-to-end median: what the two passes of a profile say of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mbconv_cli.analysis.columns import LATENCY, LATENCY_SHARE, latency_cells
from mbconv_cli.report.model import Cell, Column, Row, Section
from mbconv_cli.runtime.bench import Bench
from mbconv_cli.runtime.estimates import Estimate, median_interval, midmeans, percentiles


def end_to_end(bench: Bench) -> Estimate:
    """The latency that counts: the median of the plain passes, in ms."""
    return median_interval(bench.measurement.end_to_end)


def group_latencies(bench: Bench, groups: Sequence[Sequence[int]]) -> list[Estimate]:
    """The time of each group of ops, in ms; all groups together are the sum of the layers."""
    return midmeans(bench.measurement.layers, groups)


def reconcile(bench: Bench) -> Section:
    """The sum of the layers, the end-to-end median, their difference, and what the stamps cost.

    Then, where there are samples enough, how slow the slowest passes are; and on an accelerator what the host saw.
    """
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
        *(
            row(name, latency_cells(estimate), estimate.value)
            for name, estimate in (_percentiles(bench) | _host_times(bench)).items()
        ),
    )
    return Section((Column("name"), *LATENCY, LATENCY_SHARE), rows)


def sum_of_layers(bench: Bench) -> Estimate:
    """The time of all ops together, in ms."""
    return group_latencies(bench, [range(len(bench.measurement.layers[0]))])[0]


def _percentiles(bench: Bench) -> dict[str, Estimate]:
    """Of the plain passes."""
    supported = percentiles(bench.measurement.end_to_end)
    return {f"end to end, p{percent}": estimate for percent, estimate in supported.items()}


def _host_times(bench: Bench) -> dict[str, Estimate]:
    """The plain passes by the host's clock, where a device has one of its own."""
    host = bench.measurement.host
    if not host:
        return {}
    return {
        "wall time, by the host": median_interval([times.wall for times in host]),
        "enqueuing, by the host": median_interval([times.enqueue for times in host]),
    }

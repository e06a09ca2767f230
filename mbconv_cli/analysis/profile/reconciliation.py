"""The sum of the layers beside the end-to-end median: the two passes of a profile compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from mbconv_cli.analysis.columns import LATENCY, LATENCY_SHARE, latency_cells
from mbconv_cli.analysis.profile.overview import CALLS
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.statistics.control_variate import Corrected, at_quiet_speed, known_levels
from mbconv_cli.measure.statistics.estimates import Estimate, median_interval, midmeans, percentiles, process_mean
from mbconv_cli.report.model import Cell, Column, Row, Section

PROGRAM: Final = "captured program"
AT_QUIET_SPEED: Final = "end to end, at quiet speed"


def headline(bench: Bench) -> Estimate:
    """The latency that counts, in ms: end to end, at the machine's quiet speed where that is known."""
    corrected = correction(bench)
    return corrected.estimate if corrected else end_to_end(bench)


def correction(bench: Bench) -> Corrected | None:
    """The end-to-end latency at the machine's quiet speed; None without a reference workload in every process."""
    figures = [one.figure for one in bench.measurement.by_process]
    if bench.quiet is None or not known_levels(figures):
        return None
    return at_quiet_speed(
        figures,
        bench.quiet.reference_ms,
        left_out=len(bench.measurement.left_out),
        half_width=end_to_end(bench).precision,
    )


def end_to_end(bench: Bench) -> Estimate:
    """As measured: the median of the plain passes, in ms; of several processes the mean of theirs."""
    return across(bench, lambda one: [median_interval(one.end_to_end)])[0]


def group_latencies(bench: Bench, groups: Sequence[Sequence[int]]) -> list[Estimate]:
    """The time of each group of ops, in ms; all groups together are the sum of the layers."""
    return across(bench, lambda one: midmeans(one.layers, groups))


def reconcile(bench: Bench) -> Section:
    """The sum of the layers, the end-to-end median, their difference, and what the stamps cost.

    The layers of a module are those of its captured program, which comes between both. Then end to end at the machine's
    quiet speed, where that is known; how slow the slowest passes are, where there are samples enough; and on an
    accelerator what the host saw.
    """
    whole, layers = end_to_end(bench), sum_of_layers(bench)
    stamped = across(bench, lambda one: [median_interval([math.fsum(times) for times in one.layers])])[0]

    def row(name: str, cells: dict[str, Cell], figure: float) -> Row:
        return {"name": name, **cells, LATENCY_SHARE.key: figure / whole.value}

    program = stamped_program(bench)
    difference = program.value - layers.value
    slowdown = stamped.value - program.value
    corrected = correction(bench)
    quiet = {AT_QUIET_SPEED: corrected.estimate} if corrected else {}
    rows = (
        row("sum of layers", latency_cells(layers), layers.value),
        row("difference", {"latency_ms": difference}, difference),
        *(_program_rows(program, whole, row) if bench.measurement.program else ()),
        row("end to end", latency_cells(whole), whole.value),
        row("slowdown by the stamps", {"latency_ms": slowdown}, slowdown),
        *(
            row(name, latency_cells(estimate), estimate.value)
            for name, estimate in (quiet | _percentiles(bench) | _host_times(bench)).items()
        ),
    )
    return Section((Column("name"), *LATENCY, LATENCY_SHARE), rows)


def stamped_program(bench: Bench) -> Estimate:
    """The pass that the layers are the parts of, without stamps: that of a module is its captured program."""
    if not bench.measurement.program:
        return end_to_end(bench)
    return across(bench, lambda one: [median_interval(one.program)])[0]


def _program_rows(program: Estimate, whole: Estimate, row: Callable[[str, dict[str, Cell], float], Row]) -> list[Row]:
    """The captured program, and what calling the module costs besides: Python's calls of modules, hooks and checks."""
    calls = whole.value - program.value
    return [
        row(PROGRAM, latency_cells(program), program.value),
        row(CALLS, {"latency_ms": calls}, calls),
    ]


def sum_of_layers(bench: Bench) -> Estimate:
    """The time of all ops together, in ms."""
    return group_latencies(bench, [range(len(bench.measurement.layers[0]))])[0]


def raw_samples(bench: Bench, key: str) -> dict[str, tuple[float, ...]]:
    """All plain passes in ms, each process's median, which the interval is made of, and those of disturbed ones."""
    measurement = bench.measurement
    samples = {
        key: tuple(measurement.end_to_end),
        f"process_{key}": tuple(median(one.end_to_end) for one in measurement.processes),
        f"left_out_{key}": tuple(time for one in measurement.left_out for time in one.end_to_end),
        f"left_out_process_{key}": tuple(median(one.end_to_end) for one in measurement.left_out),
    }
    for index, of_kernel in enumerate(zip(*measurement.reference, strict=True)):
        samples[f"reference_{index + 1}_ms"] = of_kernel
    samples["process_reference_ms"] = tuple(known_levels([one.figure for one in measurement.by_process]))
    return {name: figures for name, figures in samples.items() if figures}


def across(bench: Bench, estimates: Callable[[Measurement], list[Estimate]]) -> list[Estimate]:
    """Estimates of one process as they are; of several, each one's mean, with an interval across them.

    What moves a figure from one process to the next is not seen in the samples of either. Means of parts add up.
    """
    by_process = [estimates(one) for one in bench.measurement.by_process]
    if len(by_process) == 1:
        return by_process[0]
    left_out = len(bench.measurement.left_out)
    return [process_mean([one.value for one in of_all], left_out) for of_all in zip(*by_process, strict=True)]


def _percentiles(bench: Bench) -> dict[str, Estimate]:
    """Of the plain passes of all processes together."""
    by_process = [one.end_to_end for one in bench.measurement.by_process]
    return {f"end to end, p{percent}": estimate for percent, estimate in percentiles(by_process).items()}


def _host_times(bench: Bench) -> dict[str, Estimate]:
    """The plain passes by the host's clock, where a device has one of its own."""
    if not bench.measurement.host:
        return {}
    wall, enqueuing = across(
        bench,
        lambda one: [
            median_interval([times.wall for times in one.host]),
            median_interval([times.enqueue for times in one.host]),
        ],
    )
    return {"wall time, by the host": wall, "enqueuing, by the host": enqueuing}

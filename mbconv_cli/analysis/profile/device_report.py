"""What a profile says where an accelerator's own time is known: the device's time, and what launching adds to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final

from mbconv_cli.analysis.columns import LATENCY, LATENCY_SHARE, latency_cells
from mbconv_cli.analysis.profile.reconciliation import across, end_to_end, sum_of_layers
from mbconv_cli.errors import InputError
from mbconv_cli.machine.gpu_state import company, joules_per_pass, throttling
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.device_times import DeviceTimes, TimeSource
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.statistics.estimates import Estimate, median_interval
from mbconv_cli.report.model import Better, Cell, Column, Kind, Row, Section
from mbconv_cli.units import JOULE, counted, milliseconds

BETWEEN: Final = "between kernels"
LAUNCHED: Final = "launched from Python"
TRACED_SPAN: Final = "first kernel to last, while traced"
ENERGY: Final = Column("joules_per_image", JOULE, Kind.MEASURED, Better.LOWER)
LAUNCH_BOUND_IDLE: Final = 0.1
"""A device that idles more than this share of a launched pass waits for the host."""
NOISE: Final = 0.02
"""What tracing may add to the kernels, as a share of a pass, before it is worth a warning."""


def timeline(bench: Bench) -> DeviceTimes:
    """What the device's timeline says; only of a bench that has one."""
    assert bench.measurement.device is not None
    return bench.measurement.device


def launched(bench: Bench) -> Estimate:
    """How long a pass takes that Python launches op by op, in ms."""
    return across(bench, lambda one: [median_interval(_of(one).launched_ms)])[0]


def idle_share(bench: Bench) -> float:
    """The share of a launched pass in which the device has nothing to do; never negative."""
    return max(0.0, 1 - end_to_end(bench).value / launched(bench).value)


def require_layers(bench: Bench, option: str) -> None:
    """Refuse an option that is about the times of layers.

    Raises:
        InputError: they are not known: torch's profiler sees no kernels of this device.
    """
    if not bench.has_layers:
        raise InputError(
            f"{option}: layers have no times on {bench.machine['device']}, whose kernels torch's profiler did not see; "
            "leave it out, or see docs/accelerator.md"
        )


def reconcile_device(bench: Bench, images: int) -> Section:
    """Layers and what is between their kernels, which sum to end to end exactly; then the pass in other ways.

    Args:
        bench: with the device's timeline.
        images: of a pass, for the energy of one.
    """
    whole, joules = end_to_end(bench), joules_per_pass(timeline(bench).uses)
    energy = {} if joules is None else {ENERGY.key: joules / images}

    def row(name: str, cells: Mapping[str, Cell], figure: float) -> Row:
        return {"name": name, **cells, LATENCY_SHARE.key: figure / whole.value}

    rows = []
    if bench.measurement.layers:
        layers = sum_of_layers(bench)
        rows.append(row("sum of layers", latency_cells(layers), layers.value))
    if bench.measurement.layers and timeline(bench).source is TimeSource.GRAPH:
        between = whole.value - layers.value
        rows.append(row(BETWEEN, {"latency_ms": between}, between))
    rows.append(row("end to end", latency_cells(whole) | energy, whole.value))
    span = fmean(_of(one).traced_span_ms for one in bench.measurement.by_process)
    if not math.isnan(span):
        rows.append(row(TRACED_SPAN, {"latency_ms": span}, span))
    rows.append(row(LAUNCHED, latency_cells(launched(bench)), launched(bench).value))
    return Section((Column("name"), *LATENCY, LATENCY_SHARE, *([ENERGY] if energy else [])), tuple(rows))


def device_figures(bench: Bench, images: int) -> dict[str, Cell]:
    """For programs: how the device's time came about, and what it used."""
    times = timeline(bench)
    figures: dict[str, Cell] = {
        "device_time": times.source.value,
        "device_idle_share": idle_share(bench),
        "kernels": len(times.kernels),
        "kernels_of_no_op": times.unassigned,
        "traced_span_ms": None if math.isnan(times.traced_span_ms) else times.traced_span_ms,
        "unfolded_ms": bench.unfolded_ms,
    }
    if times.uses:
        joules, state = joules_per_pass(times.uses), times.uses[-1].after
        figures |= {
            ENERGY.key: None if joules is None else joules / images,
            "sm_mhz": state.sm_mhz,
            "memory_mhz": state.memory_mhz,
            "watts": state.watts,
            "celsius": state.celsius,
            "throttled": ", ".join(throttling(times.uses)) or None,
        }
    return {key: value for key, value in figures.items() if value is not None}


def device_headline(bench: Bench) -> str:
    """Both times of a pass, and what to do where launching takes most of it."""
    whole, from_python, idle = end_to_end(bench), launched(bench), idle_share(bench)
    both = f"{_with_interval(whole)} ms on the device; {milliseconds(from_python.value)} ms launched from Python"
    if idle < LAUNCH_BOUND_IDLE:
        return f"device time: {both}, which keeps the device busy"
    return f"device time: {both}, in which the device idles {100 * idle:.0f} %: {_remedy(bench)}"


def device_warnings(bench: Bench) -> list[str]:
    """What makes an accelerator's figures doubtful."""
    times, found = timeline(bench), list[str]()
    if times.source is TimeSource.KERNELS:
        found.append(
            f"the pass could not be captured as a graph ({times.obstacle}); end to end is the sum of its kernels' times"
        )
    if not bench.measurement.layers:
        found.append("the profiler saw no kernels, so that layers are not known; end to end is that of one graph")
    elif times.source is TimeSource.GRAPH and sum_of_layers(bench).value > (1 + NOISE) * end_to_end(bench).value:
        excess = 100 * (sum_of_layers(bench).value / end_to_end(bench).value - 1)
        found.append(f"tracing slowed the kernels down: they sum to {excess:.1f} % more than the pass takes untraced")
    if reasons := throttling(times.uses):
        found.append(f"the device was throttled meanwhile: {', '.join(reasons)}")
    if others := company(times.uses):
        found.append(f"the device was shared with {counted(others, 'other process')}")
    return found


def device_notes(bench: Bench, images: int) -> list[str]:
    """How an accelerator's figures came about."""
    measurement, times = bench.measurement, timeline(bench)
    where = f" in {counted(len(measurement.processes), 'fresh process')}" if measurement.processes else ""
    whole = end_to_end(bench)
    sample = "bursts of replays that are not traced" if times.source is TimeSource.GRAPH else "traced passes"
    traced = (
        f"; a layer is the sum of its kernels in {counted(len(measurement.layers), 'traced pass')}"
        if measurement.layers
        else ""
    )
    notes = [
        (
            f"samples: {len(measurement.end_to_end)} {sample}{where} after {measurement.warm_up} to warm up, "
            f"{measurement.seconds:.1f} s; end to end with 95 % confidence within {100 * whole.precision:.1f} %{traced}"
        )
    ]
    if times.kernels:
        orphans = times.unassigned
        whose = (
            f", {orphans} of them of no op" if orphans else ", each assigned to its op" if bench.launched_by_op else ""
        )
        notes.append(
            f"timeline: {counted(len(times.kernels), 'kernel')} a pass{whose}; traced, a pass takes "
            f"{milliseconds(times.traced_span_ms)} ms from its first kernel to its last"
        )
    return [*notes, *_folding_note(bench, whole), *_use_note(times, images)]


def _folding_note(bench: Bench, whole: Estimate) -> list[str]:
    """What folding batch norms saves on this device."""
    if bench.unfolded_ms is None:
        return []
    saved = 100 * (1 - whole.value / bench.unfolded_ms)
    with_norms = f"{milliseconds(bench.unfolded_ms)} ms with the batch norms"
    return [f"folding: saves {saved:.1f} % on this device: {milliseconds(whole.value)} ms in place of {with_norms}"]


def _use_note(times: DeviceTimes, images: int) -> list[str]:
    """Energy, clocks, power and temperature over the run, as far as the device tells."""
    states = [state for use in times.uses for state in (use.before, use.after)]
    joules = joules_per_pass(times.uses)
    parts = [
        f"{_span([figure for figure in figures if figure is not None])} {unit}"
        for unit, figures in (
            ("MHz", [state.sm_mhz for state in states]),
            ("MHz of memory", [state.memory_mhz for state in states]),
            ("W", [state.watts for state in states]),
            ("degrees Celsius", [state.celsius for state in states]),
        )
        if any(figure is not None for figure in figures)
    ]
    energy = [] if joules is None else [f"{joules / images:.3g} J an image"]
    return [f"energy: {', '.join([*energy, *parts])}"] if parts or energy else []


def _span(figures: Sequence[float]) -> str:
    """`1980`, or `1755 to 1980` where readings differ."""
    return " to ".join(dict.fromkeys(f"{figure:.4g}" for figure in (min(figures), max(figures))))


def _remedy(bench: Bench) -> str:
    """What keeps a device busy that waits for Python, of what is not done already."""
    if timeline(bench).source is TimeSource.KERNELS:
        return "a larger batch keeps it busy"
    if bench.both_ways or not bench.launched_by_op:
        return "a CUDA graph or a larger batch keeps it busy"
    return "a CUDA graph, --mode compile or a larger batch keeps it busy"


def _with_interval(estimate: Estimate) -> str:
    return f"{milliseconds(estimate.value)} ±{milliseconds((estimate.high - estimate.low) / 2, beside=estimate.value)}"


def _of(measurement: Measurement) -> DeviceTimes:
    assert measurement.device is not None
    return measurement.device


def launch_bound_headline(batch_sizes: Sequence[int], benches: Sequence[Bench]) -> list[str]:
    """From which batch size on a pass is no longer launch-bound; nothing where the device's own time is not known.

    Args:
        batch_sizes: from small to large.
        benches: of each.
    """
    if not all(bench.measurement.device for bench in benches):
        return []
    bound = [size for size, bench in zip(batch_sizes, benches, strict=True) if idle_share(bench) >= LAUNCH_BOUND_IDLE]
    if not bound:
        return ["device time: at no batch size measured is a pass launch-bound"]
    beyond = [size for size in batch_sizes if size > bound[-1]]
    if not beyond:
        return ["device time: launch-bound at the largest batch size measured; a larger one may keep the device busy"]
    return [f"device time: no longer launch-bound from batch size {beyond[0]} on"]

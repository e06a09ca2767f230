"""How the figures of a profile came about, and what to hold against them: in sentences, and as figures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import fmean, median
from typing import Final

from mbconv_cli.analysis.measuring import NO_USABLE_RESULT, busy_warning, device_note
from mbconv_cli.analysis.profile.device_report import device_figures, device_headline, device_notes, device_warnings
from mbconv_cli.analysis.profile.reconciliation import correction, end_to_end, headline, stamped_program, sum_of_layers
from mbconv_cli.analysis.profile.usability import unusable_reason
from mbconv_cli.machine.fingerprint import usable_cores
from mbconv_cli.machine.load import BUSY_SHARE
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.stamp_cost import StampCost
from mbconv_cli.measure.statistics.estimates import Estimate
from mbconv_cli.report.model import Cell
from mbconv_cli.units import MICROSECONDS_PER_MILLISECOND, counted

LAUNCHES_ONLY: Final = (
    "nothing here sees the device's own time, neither a graph nor a profiler; the time is between events around passes "
    "launched from Python, and layers are not shown, since theirs would be the time of launching"
)
NOISY_PRECISION: Final = 0.05
WIDE_DIFFERENCE: Final = 0.05
MANY_FAULTS: Final = 100
"""Of a pass; each takes about a microsecond, of which a handful is not worth a note."""
LAUNCH_BOUND_SHARE: Final = 0.9
"""Of a device's time: if handing the work over takes so much of it, the device waits for the host."""


def measurement_figures(bench: Bench, images: int = 1) -> dict[str, Cell]:
    """What programs may want to know of the measurement of a pass of so many images; the unknown is left out."""
    measurement, load = bench.measurement, bench.measurement.load
    figures: dict[str, Cell | float] = {
        "complete": not measurement.interrupted,
        "processes": len(measurement.by_process),
        "processes_left_out": len(measurement.left_out),
        "rounds": len(measurement.layers),
        "warm_up_rounds": measurement.warm_up,
        "steady": measurement.steady,
        "seconds": measurement.seconds,
        "usable": unusable_reason(bench) is None,
        "precision": headline(bench).precision,
        "precision_asked": measurement.precision_asked,
        "affinity": _ranges(usable_cores()),
        "load_average_before": load.before,
        "load_average_after": load.after,
        "others_share": load.others_share,
        "stolen_share": load.stolen_share,
        "enqueue_share": _enqueue_share(measurement),
        "page_faults": measurement.page_faults,
        **_correction_figures(bench),
        **(device_figures(bench, images) if measurement.device else {}),
    }
    if measurement.stamp_cost:
        figures["clock_resolution_ms"] = measurement.stamp_cost.resolution_ms
        figures["stamp_ms"] = measurement.stamp_cost.stamp_ms
    return {key: value for key, value in figures.items() if value is not None and value != math.inf}


def measurement_notes(bench: Bench, images: int = 1) -> tuple[str, ...]:
    """How the figures of a pass of so many images came about, and what to hold against them."""
    measurement, audit, whole = bench.measurement, bench.audit, end_to_end(bench)
    return (
        device_note(bench.machine),
        *(device_notes(bench, images) if measurement.device else [_samples_note(measurement, whole)]),
        *([_clock_note(measurement.stamp_cost, _stamps(bench), whole)] if measurement.stamp_cost else []),
        *_correction_note(bench),
        *_load_note(measurement),
        *_faults_note(measurement),
        *_events_note(measurement),
        (
            f"audit: closed forms and {audit.counter} agree on all {counted(audit.ops, 'op')}: {audit.macs:,} MAC "
            f"{audit.subject}, {audit.params:,} params"
        ),
        *bench.notes,
    )


def warnings(bench: Bench) -> tuple[str, ...]:
    """What makes the figures doubtful, the most important first: they stand before everything else."""
    unusable = unusable_reason(bench)
    parts = [f"{NO_USABLE_RESULT}: {unusable}"] if unusable else []
    of_device = [f"warning: {warning}" for warning in _device_warnings(bench)]
    both_times = [device_headline(bench)] if bench.measurement.device else []
    return (
        *both_times,
        *parts,
        *_warnings(bench, headline(bench), usable=unusable is None),
        *of_device,
        *_busy_warning(bench),
    )


def _device_warnings(bench: Bench) -> list[str]:
    if bench.measurement.device:
        return device_warnings(bench)
    return [LAUNCHES_ONLY] if not bench.has_layers else []


def _correction_figures(bench: Bench) -> dict[str, Cell]:
    """The figures of the correction to the machine's quiet speed, where there is one."""
    corrected = correction(bench)
    if corrected is None or bench.quiet is None:
        return {}
    return {
        "reference_samples": len(bench.measurement.reference),
        "reference_slowdown": corrected.slowdown,
        "quiet_reference_ms": bench.quiet.reference_ms,
    }


def _correction_note(bench: Bench) -> list[str]:
    corrected = correction(bench)
    if corrected is None or bench.quiet is None:
        return []
    change = 100 * (corrected.slowdown - 1)
    speed = f"{abs(change):.1f} % {'slower' if change >= 0 else 'faster'} than at its quiet speed"
    return [
        (
            f"quiet speed: the machine ran a reference workload {speed}; at that it takes "
            f"{bench.quiet.reference_ms:.3g} ms, {bench.quiet.origin}; "
            "the latency at the top is corrected by that, all others are as measured"
        )
    ]


def _samples_note(measurement: Measurement, whole: Estimate) -> str:
    several = len(measurement.processes)
    where = f" in {counted(several, 'fresh process')}," if several else ""
    value = "the mean of the processes' medians" if several else "their median"
    sure = "across processes" if several else "for this process"
    layer = "the mean of their midmeans" if several else "a midmean"
    plain, stamped = len(measurement.end_to_end), len(measurement.layers)
    return (
        f"samples: {plain} plain and {stamped} stamped passes in turn{where} after {measurement.warm_up} of each to "
        f"warm up, {measurement.seconds:.1f} s; end to end is {value}, "
        f"with 95 % confidence within {100 * whole.precision:.1f} % {sure}{_missed(measurement, whole)}; "
        f"a layer is {layer}"
    )


def _missed(measurement: Measurement, whole: Estimate) -> str:
    if whole.precision <= measurement.precision_asked:
        return ""
    return f", where {100 * measurement.precision_asked:g} % was asked for"


def _stamps(bench: Bench) -> int:
    """Of a stamped pass: one after each part, or at the end alone where a backend tells the parts by itself."""
    return 1 if bench.outside else len(bench.measurement.layers[0])


def _clock_note(cost: StampCost, stamps: int, whole: Estimate) -> str:
    resolution, stamp = (_microseconds(figure) for figure in (cost.resolution_ms, cost.stamp_ms))
    share = f"{100 * stamps * cost.stamp_ms / whole.value:.2g} % of it"
    known = f"resolution {resolution}" if math.isfinite(cost.resolution_ms) else "resolution too coarse to be seen"
    return f"clock: {known}; a stamp costs {stamp}, and the {stamps} of a pass {share}"


def _microseconds(milliseconds: float) -> str:
    return f"{MICROSECONDS_PER_MILLISECOND * milliseconds:.2g} us"


def _load_note(measurement: Measurement) -> list[str]:
    load = measurement.load
    parts = []
    if load.before is not None and load.after is not None:
        parts.append(f"load average {load.before:.2f} before and {load.after:.2f} after")
    if load.others_share is not None and load.stolen_share is not None:
        parts.append(
            f"other processes took {100 * load.others_share:.0f} % of the cores' time, "
            f"and the host of this machine kept {100 * load.stolen_share:.0f} %"
        )
    return [f"load: cores {_ranges(usable_cores())}; {'; '.join(parts)}"] if parts else []


def _faults_note(measurement: Measurement) -> list[str]:
    if measurement.page_faults is None or measurement.page_faults < MANY_FAULTS:
        return []
    return [
        (
            f"faults: {measurement.page_faults:,.0f} page faults a pass, since the allocator hands freed memory back "
            "to the system and takes it anew; that is part of the times, and what a fault costs changes with the "
            "machine; --allocator keep measures without"
        )
    ]


def _events_note(measurement: Measurement) -> list[str]:
    stream = "end to end and layers are between events on the device's stream"
    wall = "wall time is from handing over the first op until the device is done"
    return [f"events: {stream}; {wall}"] if measurement.host else []


def _warnings(bench: Bench, known: Estimate, *, usable: bool) -> list[str]:
    measurement, warnings = bench.measurement, []
    if measurement.interrupted:
        rounds = f"{counted(len(measurement.layers), 'round')}, {measurement.seconds:.1f} s"
        warnings.append(f"incomplete: interrupted after {rounds}")
    if measurement.left_out:
        warnings.append(_left_out(measurement))
    if not measurement.steady:
        warnings.append("the time was not stable at the end of the warm-up; the machine may be busy")
    if usable and known.precision > NOISY_PRECISION:
        warnings.append(_known_badly(measurement, f"{100 * known.precision:.1f} %"))
    by_stamps = bench.has_layers and not (bench.both_ways or bench.outside or measurement.device)  # else notes say why
    off = sum_of_layers(bench).value / stamped_program(bench).value - 1 if by_stamps else 0.0
    if abs(off) > WIDE_DIFFERENCE:
        side = "more" if off > 0 else "less"
        whole = "their captured program" if measurement.program else "end to end"
        warnings.append(f"the layers sum to {100 * abs(off):.1f} % {side} than {whole}; measure again")
    enqueuing = _enqueue_share(measurement)
    if enqueuing is not None and enqueuing >= LAUNCH_BOUND_SHARE and not measurement.device:
        waited = f"the device waited for the host, which took {100 * enqueuing:.0f} % of its time to hand the work over"
        instead = "a larger batch, or --mode cudagraph on CUDA, shows the device's own"
        warnings.append(f"launch-bound: {waited}; all times are those of launching; {instead}")
    return [f"warning: {warning}" for warning in warnings]


def _left_out(measurement: Measurement) -> str:
    """Which share of the processes was left out, and how much slower they were."""
    usual = fmean(median(one.end_to_end) for one in measurement.processes)
    slowdown = fmean(median(one.end_to_end) for one in measurement.left_out) / usual
    count, whole = len(measurement.left_out), len(measurement.left_out) + len(measurement.processes)
    were = "was" if count == 1 else "were"
    return f"{count} of {whole} processes ran {slowdown:.1f}x slower than the others and {were} left out"


def _known_badly(measurement: Measurement, known: str) -> str:
    if measurement.processes:
        return f"the processes differ: end to end is known to {known} only; more --processes tell it better"
    return f"the machine was too noisy: the end-to-end median is known to {known} only"


def _enqueue_share(measurement: Measurement) -> float | None:
    """How much of the device's time the host took to hand the plain passes over; None where they are the same.

    A device that has more work than its queue takes makes the host wait, and then seems launch-bound, too: queues
    take about a thousand launches, several times those of a pass.
    """
    shares = [
        times.enqueue / device
        for times, device in zip(measurement.host, measurement.end_to_end, strict=False)  # one more if interrupted
        if device
    ]
    return median(shares) if shares else None


def _busy_warning(bench: Bench) -> list[str]:
    """Others' work on the cores while measuring on them; where the system tells none of it, the load average."""
    load = bench.measurement.load
    taken = load.taken_share
    if taken is None:
        return busy_warning(load.before, bench.machine)
    if bench.machine["device"] != "cpu" or taken < BUSY_SHARE:
        return []
    cores = len(usable_cores())
    return [
        f"warning: the machine was busy: others took {100 * taken:.0f} % of the time of its {cores} cores meanwhile"
    ]


def _ranges(numbers: Iterable[int]) -> str:
    """`0-3,6`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)

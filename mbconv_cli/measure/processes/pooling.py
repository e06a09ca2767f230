"""What several processes measured of the same passes, put together as one measurement without the disturbed ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from statistics import fmean, median

from mbconv_cli.machine.load import Load
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.device_times import DeviceTimes
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.measure.statistics.disturbance import disturbed


def pooled_benches(processes: Sequence[Sequence[Bench]]) -> tuple[Bench, ...]:
    """`[processes][batch sizes]` -> one for each batch size; an interrupted process may have fewer."""
    return tuple(
        _pooled_bench([bench for bench in of_size if bench is not None]) for of_size in zip_longest(*processes)
    )


def _pooled_bench(benches: Sequence[Bench]) -> Bench:
    """The first one, with the samples of all, and the largest figure of the device's allocator."""
    allocated = [bench.allocated_bytes for bench in benches if bench.allocated_bytes is not None]
    unfolded = [bench.unfolded_ms for bench in benches if bench.unfolded_ms is not None]
    return replace(
        benches[0],
        measurement=pooled([bench.measurement for bench in benches]),
        allocated_bytes=max(allocated, default=None),
        outside=max((bench.outside for bench in benches), key=len),
        unfolded_ms=fmean(unfolded) if unfolded else None,
    )


def pooled(all_measurements: Sequence[Measurement]) -> Measurement:
    """The samples of all undisturbed processes one after the other.

    Figures of the machine are means over the time that each process took.
    """
    if len(all_measurements) == 1:
        return all_measurements[0]
    slow = disturbed([median(one.end_to_end) for one in all_measurements])
    measurements = [one for index, one in enumerate(all_measurements) if index not in slow]
    return Measurement(
        end_to_end=list(chain.from_iterable(one.end_to_end for one in measurements)),
        program=list(chain.from_iterable(one.program for one in measurements)),
        layers=list(chain.from_iterable(one.layers for one in measurements)),
        warm_up=sum(one.warm_up for one in measurements),
        steady=all(one.steady for one in measurements),
        seconds=math.fsum(one.seconds for one in all_measurements),
        host=list(chain.from_iterable(one.host for one in measurements)),
        precision_asked=measurements[0].precision_asked,
        interrupted=any(one.interrupted for one in all_measurements),
        stamp_cost=measurements[0].stamp_cost,
        load=Load(
            before=measurements[0].load.before,
            after=measurements[-1].load.after,
            others_share=_over_time(measurements, [one.load.others_share for one in measurements]),
            stolen_share=_over_time(measurements, [one.load.stolen_share for one in measurements]),
        ),
        page_faults=_over_time(measurements, [one.page_faults for one in measurements]),
        processes=tuple(measurements),
        reference=list(chain.from_iterable(one.reference for one in measurements)),
        device=pooled_device_times([one.device for one in measurements if one.device is not None]),
        left_out=tuple(all_measurements[index] for index in sorted(slow)),
    )


def pooled_device_times(timelines: Sequence[DeviceTimes]) -> DeviceTimes | None:
    """The first one, each of its kernels with its mean time over the processes that ran the same kernels."""
    if not timelines:
        return None
    first = timelines[0]
    names = [kernel.name for kernel in first.kernels]
    like_it = [one.kernels for one in timelines if [kernel.name for kernel in one.kernels] == names]
    means = [fmean(kernel.ms for kernel in of_all) for of_all in zip(*like_it, strict=True)]
    kernels = tuple(replace(kernel, ms=ms) for kernel, ms in zip(first.kernels, means, strict=True))
    launched = tuple(chain.from_iterable(one.launched_ms for one in timelines))
    uses = tuple(chain.from_iterable(one.uses for one in timelines))
    return replace(first, kernels=kernels, launched_ms=launched, uses=uses)


def _over_time(measurements: Sequence[Measurement], figures: Sequence[float | None]) -> float | None:
    """The mean of a figure, each counting as much as its process took; None if one is not known."""
    known = [figure for figure in figures if figure is not None]
    seconds = [one.seconds for one in measurements]
    if len(known) < len(figures) or not sum(seconds):
        return None
    return math.fsum(figure * each for figure, each in zip(known, seconds, strict=True)) / math.fsum(seconds)

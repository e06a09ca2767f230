"""Whether a measured latency is of use: if not, what was in the way, and what to do about it."""

from __future__ import annotations

import math

from mbconv_cli.analysis.measuring import OVERLOADED, WIDEST
from mbconv_cli.analysis.profile.reconciliation import correction, headline
from mbconv_cli.machine.fingerprint import usable_cores
from mbconv_cli.machine.load import BUSY_SHARE
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.statistics.estimates import Estimate


def width(estimate: Estimate) -> float:
    """The whole interval, as a share of the figure."""
    return 2 * estimate.precision


def unusable_reason(bench: Bench) -> str | None:
    """Why there is no usable figure of the latency, with the one thing to do about it; None where there is one."""
    known = width(headline(bench))
    corrected = correction(bench)
    if corrected and corrected.slowdown >= OVERLOADED:
        return f"{_overloaded(corrected.slowdown)}; {advice(bench)}"
    if known > WIDEST:
        return f"{_too_wide(headline(bench))}; {advice(bench)}"
    return None


def advice(bench: Bench) -> str:
    """The one thing to do about a latency that is not known well enough."""
    taken = bench.measurement.load.taken_share
    cores = len(usable_cores())
    if bench.machine["device"] == "cpu" and taken is not None and taken >= BUSY_SHARE:
        busy = max(1, round(taken * cores))
        others = "another program keeps a core busy" if busy == 1 else f"other programs keep {busy} cores busy"
        threads, free = bench.machine["threads"], max(1, cores - busy)
        if isinstance(threads, int) and threads > free:
            return f"{others}; try --threads {free}"
        return f"{others}; end it, or measure later"
    corrected = correction(bench)
    if corrected and corrected.slowdown >= OVERLOADED:
        return "something outside of this system slows the machine down; measure later, or on another one"
    if bench.measurement.processes:
        return "measure longer, for instance with --max-time 30"
    return "measure in several processes, for instance with --processes 5"


def _overloaded(slowdown: float) -> str:
    return f"the machine was overloaded: it ran the reference workload {slowdown:.1f}x slower than at its quiet speed"


def _too_wide(found: Estimate) -> str:
    """What the interval is, where it is one at all."""
    if not math.isfinite(found.precision):
        return "the latency is not known at all"
    return (
        f"the 95 % interval, {max(found.low, 0.0):.3g} to {found.high:.3g} ms, is wider than {100 * WIDEST:.0f} % of "
        "the latency"
    )

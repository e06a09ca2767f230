"""Whether a measured latency is of use: if not, what was in the way, and what to do about it."""

from __future__ import annotations

import math

from mbconv_cli.analysis.measuring import OVERLOADED, WIDEST, advice, narrow, overload
from mbconv_cli.analysis.profile.reconciliation import correction, headline
from mbconv_cli.machine.load import BUSY_SHARE
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.statistics.estimates import Estimate


def unusable_reason(bench: Bench) -> str | None:
    """Why there is no usable figure of the latency, with the one thing to do about it; None where there is one."""
    corrected = correction(bench)
    if corrected and corrected.slowdown >= OVERLOADED:
        return f"{overload(corrected.slowdown)}; {_advice(bench)}"
    if not narrow(headline(bench)):
        return f"{_too_wide(headline(bench))}; {_advice(bench)}"
    return None


def _advice(bench: Bench) -> str:
    """The one thing to do about a latency that is not known well enough."""
    taken, corrected = bench.measurement.load.taken_share, correction(bench)
    several = bool(bench.measurement.processes)
    return advice(
        bench.machine,
        taken if taken is not None and taken >= BUSY_SHARE else None,
        corrected is not None and corrected.slowdown >= OVERLOADED,
        "measure longer, for instance with --max-time 30" if several else "measure with --processes 5",
    )


def _too_wide(found: Estimate) -> str:
    """What the interval is, where it is one at all."""
    if not math.isfinite(found.precision):
        return "the latency is not known at all"
    return (
        f"the 95 % interval, {max(found.low, 0.0):.3g} to {found.high:.3g} ms, is wider than {100 * WIDEST:.0f} % of "
        "the latency"
    )

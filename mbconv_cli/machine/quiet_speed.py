"""The quiet speed of a machine: the best level of the reference workload seen so far, kept with its calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from mbconv_cli.machine.comparability import Fingerprint
from mbconv_cli.machine.kept_records import KeptRecord, keep_record, read_record

FORMAT: Final = "mbconv.quiet-speed/3"
CLEARLY_FASTER: Final = 0.92
"""A kept level gives way only to one that is faster than this share of it: a yardstick that follows every lucky moment
would move all corrected figures with it."""
_NAME: Final = "quiet-speed"
FIRST: Final = "the best of this run, the first on this machine"


@dataclass(frozen=True, slots=True)
class QuietSpeed:
    """What measured latencies are corrected to.

    Attributes:
        reference_ms: the level of the reference workload.
        origin: where it comes from, for a report.
    """

    reference_ms: float
    origin: str


class QuietSpeedRecord(KeptRecord):
    """What a file holds."""

    format: Literal["mbconv.quiet-speed/3"] = FORMAT
    reference_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)]


def quiet_speed(fingerprint: Fingerprint, observed_ms: float) -> QuietSpeed:
    """The kept level, or the one that was just observed where none is kept or it is clearly faster; that is then kept.

    A cache that cannot be read or written is no error; the origin mentions it.

    Args:
        fingerprint: of the machine, the threads and the dtype.
        observed_ms: the best level that was just observed.
    """
    record, problem = read_record(QuietSpeedRecord, _NAME, fingerprint)
    if record is not None and observed_ms > CLEARLY_FASTER * record.reference_ms:
        return QuietSpeed(record.reference_ms, "the best seen on this machine")
    problem += keep_record(_NAME, QuietSpeedRecord(fingerprint=fingerprint, reference_ms=observed_ms))
    origin = FIRST if record is None else "faster than ever seen here before"
    return QuietSpeed(observed_ms, origin + problem)

"""A machine's limits as they are kept for the next time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, PositiveInt

from mbconv_cli.cost.roofline import Bandwidth, Limits
from mbconv_cli.machine.comparability import Fingerprint
from mbconv_cli.machine.kept_records import KeptRecord, keep_record, read_record

FORMAT: Final = "mbconv.calibration/2"
_NAME: Final = "calibration"

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A machine's limits, and where they come from.

    Attributes:
        limits: what it can do at best.
        origin: for a report: whether they were measured now, and what was wrong with the cache.
    """

    limits: Limits
    origin: str


class LimitsRecord(KeptRecord):
    """What a file of limits holds."""

    format: Literal["mbconv.calibration/2"] = FORMAT
    gigaflops_per_second: _Positive
    bandwidths: Annotated[tuple[tuple[PositiveInt, _Positive], ...], Field(min_length=1)]
    error: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    kernel_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @property
    def limits(self) -> Limits:
        """The limits, their bandwidths by rising working set."""
        bandwidths = tuple(Bandwidth(*pair) for pair in sorted(self.bandwidths))
        return Limits(self.gigaflops_per_second, bandwidths, self.error, self.kernel_ms)


def limits_record(fingerprint: Fingerprint, limits: Limits) -> LimitsRecord:
    """Limits with the machine that they are of."""
    return LimitsRecord(
        fingerprint=fingerprint,
        gigaflops_per_second=limits.gigaflops_per_second,
        bandwidths=limits.bandwidths,
        error=limits.error,
        kernel_ms=limits.kernel_ms,
    )


def read_limits(fingerprint: Fingerprint) -> tuple[Limits | None, str]:
    """The limits that are kept of a machine, if any, and what is wrong with them."""
    record, problem = read_record(LimitsRecord, _NAME, fingerprint)
    return (record.limits if record else None), problem


def keep_limits(fingerprint: Fingerprint, limits: Limits) -> str:
    """Keep limits for the next time, or return why that is not possible."""
    return keep_record(_NAME, limits_record(fingerprint, limits))

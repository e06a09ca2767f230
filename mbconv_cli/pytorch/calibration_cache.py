"""A machine's limits, measured once and kept for the next time in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import torch
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from mbconv_cli.cost.roofline import Bandwidth, Limits
from mbconv_cli.errors import InputError
from mbconv_cli.files import write_atomically
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.machine.load import BUSY_SHARE, Load, Moment, load_between, moment
from mbconv_cli.measure.latency import Progress
from mbconv_cli.pytorch.calibration import calibrate
from mbconv_cli.pytorch.devices import resolve_device, torch_fingerprint

FORMAT: Final = "mbconv.calibration/1"
# What limits depend on, of all that is known of a machine.
DEPENDS_ON: Final = (
    "cpu",
    "architecture",
    "usable_cores",
    "torch",
    "cuda",
    "instruction_set",
    "threads",
    "device",
    "device_name",
)

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Measure: TypeAlias = Callable[[torch.device, torch.dtype, Progress], Limits]
Fingerprint: TypeAlias = dict[str, str | int | None]


class _Record(BaseModel):
    """What a file of the cache holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["mbconv.calibration/1"] = FORMAT
    fingerprint: Fingerprint
    gigaflops_per_second: _Positive
    bandwidths: Annotated[tuple[tuple[PositiveInt, _Positive], ...], Field(min_length=1)]
    error: Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A machine's limits, and where they come from.

    Attributes:
        limits: what it can do at best.
        origin: for a report: whether they were measured now, and what was wrong with the cache.
    """

    limits: Limits
    origin: str


def calibration(
    choice: DeviceChoice,
    threads: int | None,
    dtype: str,
    *,
    anew: bool,
    progress: Progress,
    measure: Measure = calibrate,
    load: Callable[[Moment, Moment], Load] = load_between,
) -> Calibration:
    """The limits of a device: as kept, or else measured now and kept.

    A cache that cannot be read or written is no error; the report tells it. Limits that were measured while others
    used the machine are lower than they should be, and are not kept.

    Args:
        choice: the device.
        threads: of torch on the CPU, from here on; as they are if absent.
        dtype: torch's name of it.
        anew: measure, whatever is kept.
        progress: told how far the measuring is.
        measure: measures the limits.
        load: tells what else the machine did meanwhile.

    Raises:
        InputError: the device is not there, or has too little memory.
    """
    device = resolve_device(choice)
    if threads is not None:
        torch.set_num_threads(threads)
    fingerprint = _fingerprint(device, dtype)
    kept, problem = (None, "") if anew else _kept(fingerprint)
    if kept is not None:
        return Calibration(kept, "measured before; --recalibrate measures anew")
    first = moment()
    limits = measure(device, getattr(torch, dtype), progress)
    taken = load(first, moment()).taken_share
    if device.type == "cpu" and taken is not None and taken >= BUSY_SHARE:
        problem += f"; not kept, for others took {100 * taken:.0f} % of the cores' time meanwhile"
    else:
        problem += _keep(fingerprint, limits)
    return Calibration(limits, "measured now" + problem)


def cache_folder() -> Path:
    """Where this program keeps what it can make again: MBCONV_CACHE_DIR, or its place in the user's cache folder.

    Raises:
        RuntimeError: the user has no home.
    """
    if own := os.environ.get("MBCONV_CACHE_DIR"):
        return Path(own)
    if (shared := Path(os.environ.get("XDG_CACHE_HOME", ""))).is_absolute():
        return shared / "mbconv"
    match sys.platform:
        case "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mbconv" / "Cache"
        case "darwin":
            return Path.home() / "Library" / "Caches" / "mbconv"
        case _:
            return Path.home() / ".cache" / "mbconv"


def _fingerprint(device: torch.device, dtype: str) -> Fingerprint:
    machine = {**host_fingerprint(), **torch_fingerprint(str(device))}
    return {key: value for key in DEPENDS_ON if isinstance(value := machine[key], str | int | None)} | {"dtype": dtype}


def _file(fingerprint: Fingerprint) -> Path:
    digest = hashlib.sha256(json.dumps(fingerprint, sort_keys=True).encode()).hexdigest()
    return cache_folder() / f"calibration-{digest[:16]}.json"


def _kept(fingerprint: Fingerprint) -> tuple[Limits | None, str]:
    """The limits that are kept of a machine, if any, or what is wrong with them."""
    try:
        record = _Record.model_validate_json(_file(fingerprint).read_bytes())
    except FileNotFoundError:
        return None, ""
    except (OSError, RuntimeError, ValidationError):
        return None, "; what was kept could not be read"
    if record.fingerprint != fingerprint:
        return None, "; what was kept is another machine's"
    return _limits(record), ""


def _keep(fingerprint: Fingerprint, limits: Limits) -> str:
    """Keep limits for the next time, or say why that is not possible."""
    try:
        file = _file(fingerprint)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, _record(fingerprint, limits).model_dump_json(indent=2) + "\n")
    except (OSError, RuntimeError, InputError) as error:
        return f"; not kept: {error}"
    return ""


def _record(fingerprint: Fingerprint, limits: Limits) -> _Record:
    return _Record(
        fingerprint=fingerprint,
        gigaflops_per_second=limits.gigaflops_per_second,
        bandwidths=limits.bandwidths,
        error=limits.error,
    )


def _limits(record: _Record) -> Limits:
    bandwidths = tuple(Bandwidth(*pair) for pair in sorted(record.bandwidths))
    return Limits(record.gigaflops_per_second, bandwidths, record.error)

"""A machine's limits: as kept, or measured now and kept for the next time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

from mbconv_cli.cost.roofline import Limits
from mbconv_cli.machine.comparability import fingerprint
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.fingerprint import host_fingerprint
from mbconv_cli.machine.kept_limits import Calibration, keep_limits, read_limits
from mbconv_cli.machine.load import BUSY_SHARE, Load, Moment, load_between, moment
from mbconv_cli.measure.latency import Progress
from mbconv_cli.pytorch.arithmetic import float32_arithmetic
from mbconv_cli.pytorch.calibration import calibrate
from mbconv_cli.pytorch.devices import resolve_device, torch_fingerprint
from mbconv_cli.pytorch.torch_threads import torch_threads

Measure: TypeAlias = Callable[[torch.device, torch.dtype, Progress], Limits]


def calibration(
    choice: DeviceChoice,
    threads: int | None,
    dtype: str,
    *,
    anew: bool,
    progress: Progress,
    tf32: bool | None = None,
    measure: Measure = calibrate,
    load: Callable[[Moment, Moment], Load] = load_between,
) -> Calibration:
    """The limits of a device: as kept, or else measured now and kept.

    A cache that cannot be read or written is no error; the report mentions it. Limits that were measured while others
    used the machine are lower than they should be, and are not kept.

    Args:
        choice: the device.
        threads: on the CPU; the default number if absent.
        dtype: torch's name of it.
        anew: measure, whatever is kept.
        progress: called with the share of the measuring that is done.
        tf32: whether float32 may be computed in TF32; torch's defaults if absent.
        measure: measures the limits.
        load: computes what else the machine did meanwhile.

    Raises:
        InputError: the device is not there, or has too little memory.
    """
    device = resolve_device(choice)
    with torch_threads(threads) as chosen, float32_arithmetic(tf32):
        machine = fingerprint(host_fingerprint() | torch_fingerprint(str(device), chosen), dtype=dtype)
        kept, problem = (None, "") if anew else read_limits(machine)
        if kept is not None:
            return Calibration(kept, "measured before; --recalibrate measures anew")
        first = moment()
        limits = measure(device, getattr(torch, dtype), progress)
        taken = load(first, moment()).taken_share
    if device.type == "cpu" and taken is not None and taken >= BUSY_SHARE:
        problem += f"; not kept, for others took {100 * taken:.0f} % of the cores' time meanwhile"
    else:
        problem += keep_limits(machine, limits)
    return Calibration(limits, "measured now" + problem)

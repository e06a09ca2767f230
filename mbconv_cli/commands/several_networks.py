"""`mbconv profile` of several networks: side by side in one table."""

from __future__ import annotations

from collections.abc import Sequence

from mbconv_cli.analysis.measuring import DEFAULT_PROCESSES, MIN_PROCESSES
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.profile.side_by_side import profile_networks, require_side_by_side
from mbconv_cli.analysis.turns.kept_turns import KeptTurns
from mbconv_cli.analysis.turns.turn_measuring import TurnPlan, measure_turns
from mbconv_cli.commands.output import progress_bars
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Backend, Execution
from mbconv_cli.report.model import Report


def profile_several(
    networks: Sequence[OpenNetwork], execution: Execution, device: DeviceChoice | None, processes: int | None
) -> Report:
    """A row for each network.

    Args:
        networks: which.
        execution: in which form.
        device: where they are measured in turn; not at all if absent.
        processes: fresh processes that measure every network; the usual number if absent.

    Raises:
        InputError: they cannot be compared in this form, or not measured there.
        CheckFailedError: closed forms and fvcore disagree, or a form changes the outputs.
        KeyboardInterrupt: it was interrupted before there was anything to show.
    """
    require_side_by_side(networks, execution, measured=device is not None)
    if device is None:
        return profile_networks(networks, execution)
    if processes is not None and processes < MIN_PROCESSES:
        raise InputError(f"--processes {processes} with several networks: an interval takes {MIN_PROCESSES} or more")
    if execution.backend is Backend.ONNXRUNTIME:
        from mbconv_cli.pytorch.onnx.onnx_packages import require_onnxruntime

        require_onnxruntime(device)
    with progress_bars() as progress:
        plan = TurnPlan(device, processes or DEFAULT_PROCESSES, KeptTurns(None), progress)
        turns = measure_turns(networks, [execution], plan)
    if not turns.by_place:
        raise KeyboardInterrupt
    return profile_networks(networks, execution, turns)

"""`--measure`, and the options that only mean something where something is measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, TypeAlias

import typer

from mbconv_cli.analysis.measuring import DEFAULT_PROCESSES, NO_USABLE_RESULT, MeasureRequest
from mbconv_cli.commands.options import MEASURING
from mbconv_cli.commands.output import progress_bar
from mbconv_cli.errors import InputError, UndecidedError
from mbconv_cli.machine.device_choice import AUTO, parse_device
from mbconv_cli.report.model import Report

LONGEST_SECONDS: Final = 86_400


StrictOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--strict/--no-strict",
        rich_help_panel=MEASURING,
        help="End with exit code 3 where the machine was too noisy for a usable result.",
    ),
]


def require_usable(report: Report, *, strict: bool) -> None:
    """Refuse a measurement without a usable result where that matters; the report has been shown by then.

    Raises:
        UndecidedError: names the reason.
    """
    if strict and report.measurement.get("usable") is False:
        raise UndecidedError(*(note for note in report.notes if note.startswith(f"{NO_USABLE_RESULT}: ")))


@contextmanager
def measuring(
    measure: bool, task: str, *, device: str | None, threads: int | None, processes: int | None, strict: bool
) -> Iterator[MeasureRequest | None]:
    """What to measure, with a progress bar while it is; None without `--measure`.

    Raises:
        InputError: the device has no name of one, or an option would change nothing.
    """
    choice = parse_device(device or AUTO)
    if measure:
        with progress_bar(task) as progress:
            yield MeasureRequest(choice, threads, processes or DEFAULT_PROCESSES, progress)
        return
    options = {"device": device, "threads": threads, "processes": processes, "strict": strict or None}
    require_effect("without --measure; give both or neither", **options)
    yield None


def require_effect(where: str, **options: object) -> None:
    """Refuse options that would change nothing.

    Args:
        where: the end of the sentence that says so.
        options: their values by their names with underscores, None where one is not given.

    Raises:
        InputError: one is given.
    """
    for name, value in options.items():
        if value is not None:
            raise InputError(f"--{name.replace('_', '-')} changes nothing {where}")


def parse_precision(text: str | None) -> float | None:
    """`2%` or `0.02` as a share, if one is given.

    Raises:
        InputError: it is neither, or not between 0 and 100 %.
    """
    if text is None:
        return None
    number = text.removesuffix("%").rstrip()
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    share = value / 100 if text.endswith("%") else value
    if not 0 < share < 1:
        raise InputError(f"--precision {text!r} should be a share of the latency, e.g. 2% or 0.02")
    return share


def parse_seconds(option: str, seconds: float | None) -> float | None:
    """A time that can be waited for, if one is given.

    Raises:
        InputError: it is none.
    """
    if seconds is not None and not 0 < seconds <= LONGEST_SECONDS:
        raise InputError(f"{option} {seconds:g} should be above 0 and at most {LONGEST_SECONDS} seconds")
    return seconds

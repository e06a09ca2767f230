"""`--measure` and the options that only mean something with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mbconv_cli.analysis.measuring import DEFAULT_PROCESSES, MeasureRequest
from mbconv_cli.commands.output import progress_bar
from mbconv_cli.errors import InputError
from mbconv_cli.runtime.devices import AUTO, parse_device


@contextmanager
def measuring(
    measure: bool, task: str, *, device: str | None, threads: int | None, processes: int | None
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
    for option, value in (("--device", device), ("--threads", threads), ("--processes", processes)):
        if value is not None:
            raise InputError(f"{option} changes nothing without --measure; give both or neither")
    yield None

"""What `mbconv check` and `mbconv baseline write` share: the config, and how its latencies are measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.check.config import (
    DEFAULT_CONFIG,
    MAX_PROCESSES,
    MIN_PROCESSES,
    LatencySettings,
    LoadedConfig,
    load_config,
)
from mbconv_cli.commands.output import remark
from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place, write_atomically
from mbconv_cli.machine.device_choice import parse_device
from mbconv_cli.units import counted

if TYPE_CHECKING:
    from mbconv_cli.measure.latency import Progress

ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The file that says which networks are checked, and against which limits.",
        show_default=DEFAULT_CONFIG,
    ),
]
GateThreadsOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        min=1,
        max=1_024,
        help="Threads on the CPU.",
        show_default="the config's, or as of profile",
    ),
]
GateProcessesOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--processes",
        metavar="N",
        min=MIN_PROCESSES,
        max=MAX_PROCESSES,
        help="Fresh processes to measure in; more find smaller slowdowns.",
        show_default="the config's",
    ),
]


AllowCodeOption = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        help="Run the code that the config names among its networks, such as nets.py:make or timm:resnet50.",
        show_default=False,
    ),
]


def open_config(path: Path | None, *, allow_code: bool = False) -> LoadedConfig:
    """The config that was named, or else the one of the usual name in the working directory.

    Args:
        path: the config's; the one of the usual name if absent.
        allow_code: whether networks that are code may be run.

    Raises:
        InputError: it is not there, or all mistakes in it.
    """
    if path is None and not Path(DEFAULT_CONFIG).exists():
        raise InputError(
            f"no {DEFAULT_CONFIG} is here; `mbconv check --init` writes one, and --config FILE names another"
        )
    return replace(load_config(path or Path(DEFAULT_CONFIG)), allow_code=allow_code)


def write_first_config(path: Path | None, **others: object) -> None:
    """Write a first config beside the networks that it names.

    Args:
        path: the file; the one of the usual name if absent.
        others: options that have no use here, as they were given.

    Raises:
        InputError: the file is there already, no network is below its folder, or another option was given.
    """
    for option, value in others.items():
        if value:
            raise InputError(f"--{option} changes nothing beside --init; leave it out")
    from mbconv_cli.check.first_config import first_config

    file = path or Path(DEFAULT_CONFIG)
    if file.exists():
        raise InputError(f"{file} is there already; edit it, or name another file with --config FILE")
    require_place(file)
    text, networks = first_config(file.parent)
    write_atomically(file, text)
    remark(f"{file} has rules for {counted(networks, 'network')}; next: `mbconv check --against origin/main`")


def require_measuring(
    measures: bool, why: str, *, device: str | None, threads: int | None, processes: int | None
) -> None:
    """Refuse options that would change nothing.

    Args:
        measures: whether anything is measured.
        why: what is missing for that, for the message.
        device: as it was given.
        threads: as they were given.
        processes: as they were given.

    Raises:
        InputError: nothing is measured, and yet one of them was given.
    """
    for option, value in (("--device", device), ("--threads", threads), ("--processes", processes)):
        if value is not None and not measures:
            raise InputError(f"{option} changes nothing {why}")


def measure_request(
    settings: LatencySettings, progress: Progress, *, device: str | None, threads: int | None, processes: int | None
) -> MeasureRequest:
    """How to measure: as the config gives it, except for what the command line gives.

    Raises:
        InputError: the device has no name of one.
    """
    return MeasureRequest(
        parse_device(device or settings.device),
        threads or settings.threads,
        processes or settings.processes,
        progress,
    )

"""`mbconv baseline write`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from mbconv_cli.check.baseline_update import changes, named_keys, updated
from mbconv_cli.check.take_baseline import take_baseline
from mbconv_cli.commands.check_options import (
    AllowCodeOption,
    ConfigOption,
    GateProcessesOption,
    GateThreadsOption,
    measure_request,
    open_config,
    require_measuring,
)
from mbconv_cli.commands.guard import guarded
from mbconv_cli.commands.options import ArchDirOption, DeviceOption, MeasureOption
from mbconv_cli.commands.output import progress_bar, remark
from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place, write_atomically
from mbconv_cli.report.baseline import DEFAULT_BASELINE, Baseline, baseline_to_json, read_baseline
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.units import counted

MOST_CHANGES: Final = 20
"""Networks whose changes are printed."""

BaselinePathOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write into this file, atomically.",
        show_default=f"the config's baseline, or else {DEFAULT_BASELINE} beside it",
    ),
]


StoredArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NETWORK",
        help="Bring only these up to date, by path or name; all others stay as they are stored.",
        show_default="all",
    ),
]


def write_baseline_command(
    networks: StoredArgument = None,
    config: ConfigOption = None,
    measure: MeasureOption = False,
    device: DeviceOption = None,
    threads: GateThreadsOption = None,
    processes: GateProcessesOption = None,
    allow_code: AllowCodeOption = False,
    arch_dir: ArchDirOption = None,
    output: BaselinePathOption = None,
) -> None:
    """Store what all networks of a config cost now, for `mbconv check` to compare with.

    A latency is only ever compared on a machine of the same kind, measured in the same way. The file is replaced as a
    whole or not at all, and what changes is printed.

    For example:

    - `mbconv baseline write`

    - `mbconv baseline write nets/mine.yaml`

    - `mbconv baseline write --measure -o baseline.json`
    """
    require_measuring(measure, "without --measure", device=device, threads=threads, processes=processes)
    loaded = open_config(config, allow_code=allow_code)
    path = output or loaded.folder / (loaded.config.baseline or DEFAULT_BASELINE)
    require_place(path)
    catalogue = user_catalogue(arch_dir or ())
    old = _stored(path)
    only = named_keys(networks, loaded, catalogue, old) if networks else None
    with progress_bar("measuring" if measure else "reading") as progress:
        settings = loaded.config.latency
        wanted = measure_request(settings, progress, device=device, threads=threads, processes=processes)
        taken = take_baseline(loaded, catalogue, wanted if measure else None, only)
    baseline = updated(old, taken, only, path) if only else taken
    write_atomically(path, baseline_to_json(baseline))
    _say_changes(old, baseline)
    remark(f"{counted(len(baseline.networks), 'network')} kept in {path}")


def _stored(path: Path) -> Baseline | None:
    """The baseline that is replaced; None where there is none that this version reads."""
    try:
        return read_baseline(path) if path.exists() else None
    except InputError as error:
        remark(f"{error}; it is written anew")
        return None


def _say_changes(old: Baseline | None, new: Baseline) -> None:
    found = list(changes(old, new)) if old else []
    for sentence in found[:MOST_CHANGES]:
        remark(sentence)
    if len(found) > MOST_CHANGES:
        remark(f"and {len(found) - MOST_CHANGES} more changed")


baseline = typer.Typer(
    help="Store what networks cost, for `mbconv check` to compare with.", rich_markup_mode="markdown"
)
baseline.command("write")(guarded(write_baseline_command))

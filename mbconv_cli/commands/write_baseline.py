"""`mbconv baseline write`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mbconv_cli.check.take_baseline import take_baseline
from mbconv_cli.commands.check_options import (
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
from mbconv_cli.files import require_place, write_atomically
from mbconv_cli.report.baseline import DEFAULT_BASELINE, baseline_to_json
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.units import counted

BaselinePathOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write into this file, atomically.",
        show_default=f"the config's `baseline`, or else {DEFAULT_BASELINE} beside it",
    ),
]


def write_baseline_command(
    config: ConfigOption = None,
    measure: MeasureOption = False,
    device: DeviceOption = None,
    threads: GateThreadsOption = None,
    processes: GateProcessesOption = None,
    arch_dir: ArchDirOption = None,
    output: BaselinePathOption = None,
) -> None:
    """Store what all networks of a config cost now, for `mbconv check` to compare with.

    A latency is only ever compared on a machine of the same kind, measured in the same way. The file is replaced as a
    whole or not at all.

    For example:

    - `mbconv baseline write`

    - `mbconv baseline write --measure -o baseline.json`
    """
    require_measuring(measure, "without --measure", device=device, threads=threads, processes=processes)
    loaded = open_config(config)
    path = output or loaded.folder / (loaded.config.baseline or DEFAULT_BASELINE)
    require_place(path)
    with progress_bar("measuring" if measure else "reading") as progress:
        settings = loaded.config.latency
        wanted = measure_request(settings, progress, device=device, threads=threads, processes=processes)
        baseline = take_baseline(loaded, user_catalogue(arch_dir or ()), wanted if measure else None)
    write_atomically(path, baseline_to_json(baseline))
    remark(f"{counted(len(baseline.networks), 'network')} kept in {path}")


baseline = typer.Typer(
    help="Store what networks cost, for `mbconv check` to compare with.", rich_markup_mode="markdown"
)
baseline.command("write")(guarded(write_baseline_command))

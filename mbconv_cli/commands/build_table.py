"""`mbconv table build`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from mbconv_cli.analysis.frontier.contenders import CONDITION_UNITS, chosen_networks
from mbconv_cli.analysis.networks import OpenNetwork
from mbconv_cli.analysis.prediction.table_build import build_table, table_report
from mbconv_cli.analysis.prediction.table_file import write_table
from mbconv_cli.analysis.sweep.constraints import parse_conditions
from mbconv_cli.analysis.sweep.drawn_networks import drawn_networks
from mbconv_cli.analysis.turns.kept_turns import KeptTurns
from mbconv_cli.analysis.turns.turn_measuring import TurnPlan, measure_turns
from mbconv_cli.commands.form_options import FoldNormOption
from mbconv_cli.commands.guard import guarded
from mbconv_cli.commands.options import (
    ArchDirOption,
    FormatOption,
    ProcessesOption,
    ResolutionOption,
    ThreadsOption,
    complete_network,
)
from mbconv_cli.commands.output import format_for, progress_bars, remark, show
from mbconv_cli.commands.space_option import SpaceOption, space_path
from mbconv_cli.commands.turn_options import ConditionsOption, ResumeOption
from mbconv_cli.errors import InputError
from mbconv_cli.files import require_place
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.execution import Execution, require_possible
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.spec.space import space_of_file

DEFAULT_TABLE: Final = "latency-table.json"
TABLE_PROCESSES: Final = 5
CPU: Final = DeviceChoice("cpu")

NetworksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NETWORK]...",
        help="Networks to measure: names, paths to YAML files or REV:PATH.",
        autocompletion=complete_network,
        show_default="all shipped networks, unless there is a --space",
    ),
]
SampleOption = Annotated[
    int | None,
    typer.Option(
        "--sample", metavar="N", min=1, max=1_000, help="Networks to draw from the --space.", show_default="100"
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Of the sample.")]
TableOption = Annotated[
    Any,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        parser=Path,
        help="Write the table here, atomically.",
        show_default=DEFAULT_TABLE,
    ),
]

DEFAULT_SAMPLE: Final = 100


def build_table_command(
    networks: NetworksArgument = None,
    space: SpaceOption = None,
    sample: SampleOption = None,
    seed: SeedOption = 0,
    where: ConditionsOption = None,
    resolution: ResolutionOption = None,
    fold_norm: FoldNormOption = False,
    threads: ThreadsOption = None,
    processes: ProcessesOption = None,
    resume: ResumeOption = None,
    output_format: FormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    table_file: TableOption = None,
) -> None:
    """Measure ops within their networks on this machine, and fit a model of their time for `--predict`.

    Networks are measured in turn over fresh processes, on the CPU, with torch. Every fifth network is then predicted by
    the others, and what that is off is part of the table.

    For example:

    - `mbconv table build --threads 1 --resume turns.jsonl`

    - `mbconv table build --space mnasnet --sample 100 --where 'macs <= 600M' -o mnasnet-table.json`

    - `mbconv frontier --predict latency-table.json --budget latency_ms=15ms`
    """
    path = table_file or Path(DEFAULT_TABLE)
    require_place(path)
    conditions = parse_conditions(where or [], CONDITION_UNITS)
    execution = Execution(fold_norm=fold_norm, threads=threads)
    kept = KeptTurns(resume)
    if space is None and sample is not None:
        raise InputError("--sample draws from a --space; name one")
    catalogue = user_catalogue(arch_dir or ())
    chosen: list[OpenNetwork] = []
    if networks or space is None:
        chosen += chosen_networks(networks or (), resolution, conditions, execution, catalogue)
    if space is not None:
        if resolution is not None:
            raise InputError("--resolution with --space: an axis of the space, scaling.resolution, does that")
        points = space_of_file(space_path(space), catalogue)
        chosen += drawn_networks(points, sample or DEFAULT_SAMPLE, seed, conditions)
    for network in chosen:
        require_possible(network.plan, execution)
    _build(chosen, execution, processes or TABLE_PROCESSES, kept, path, output_format, resume)


def _build(
    networks: Sequence[OpenNetwork],
    execution: Execution,
    processes: int,
    kept: KeptTurns,
    path: Path,
    output_format: Format,
    resume: Path | None,
) -> None:
    """Measure, fit, write and show."""
    with progress_bars() as progress:
        turns = measure_turns(networks, [execution], TurnPlan(CPU, processes, kept, progress, layers=True))
    if turns.interrupted:
        kept_there = f"{resume} keeps what was measured; the same command continues"
        remark(kept_there if resume else "what was measured is lost; --resume FILE keeps it")
        raise KeyboardInterrupt
    table, held = build_table(networks, execution, turns)
    write_table(path, table)
    remark(f"{path} has the table")
    show(table_report(table, held, turns), format_for(output_format, None), None)


table = typer.Typer(help="Measure a table of ops, from which latencies are predicted.", rich_markup_mode="markdown")
table.command("build")(guarded(build_table_command))


@table.callback()
def tables() -> None:
    """Measure a table of ops, from which latencies are predicted."""

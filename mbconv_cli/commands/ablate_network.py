"""`mbconv ablate`."""

from __future__ import annotations

from mbconv_cli.analysis.compare.ablation import ablate
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.commands.measuring_options import StrictOption, measuring, require_usable
from mbconv_cli.commands.options import (
    ArchDirOption,
    BatchOption,
    DeviceOption,
    FormatOption,
    MeasureOption,
    NetworkArgument,
    OutputOption,
    ProcessesOption,
    ResolutionOption,
    SectionOption,
    SetOption,
    ThreadsOption,
)
from mbconv_cli.commands.output import show
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue


def ablate_command(
    network: NetworkArgument,
    resolution: ResolutionOption = None,
    overrides: SetOption = None,
    batch_size: BatchOption = 1,
    measure: MeasureOption = False,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
    processes: ProcessesOption = None,
    strict: StrictOption = False,
    output_format: FormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Cost of each design choice: without SE, with ReLU, other kernels, other expansion, one block type.

    One row for each change, with the difference to the network as it is. Measured, all of them take turns.

    For example:

    - `mbconv ablate efficientnet-b0`

    - `mbconv ablate mnasnet-a1 --measure --threads 1`

    - `mbconv ablate efficientnet-b0 --set activation=relu --format markdown`
    """
    with measuring(measure, "measuring", device=device, threads=threads, processes=processes, strict=strict) as wanted:
        catalogue = user_catalogue(arch_dir or ())
        opened = open_network(network, resolution=resolution, catalogue=catalogue, overrides=overrides or ())
        report = ablate(opened, batch_size=batch_size, measure=wanted)
    show(report, output_format, output, section)
    require_usable(report, strict=strict)

"""`mbconv show`."""

from __future__ import annotations

from typing import Annotated

import typer

from mbconv_cli.analysis.networks import CodeOptions, open_network
from mbconv_cli.analysis.structure import structure
from mbconv_cli.commands.options import (
    ArchDirOption,
    ArgOption,
    CodeArgument,
    InputOption,
    OutputOption,
    ResolutionOption,
    SectionOption,
    SetOption,
    ShowFormatOption,
)
from mbconv_cli.commands.output import show, takes_unicode, write_text
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue
from mbconv_cli.spec.yaml_writer import to_yaml


def show_command(
    network: CodeArgument,
    resolution: ResolutionOption = None,
    overrides: SetOption = None,
    arguments: ArgOption = None,
    inputs: InputOption = None,
    output_format: ShowFormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
    scaling: Annotated[
        bool, typer.Option("--scaling", help="Show what the width and depth factors make of each row, too.")
    ] = False,
) -> None:
    """Show a network's stage table, as its paper prints it.

    A row has the resolution that comes in and the channels that go out. Below is what the network consists of.

    For example:

    - `mbconv show efficientnet-b0`

    - `mbconv show efficientnet-b3 --format yaml -o mine.yaml`

    - `mbconv show ./mine.yaml --format markdown`

    - `mbconv show efficientnet-b0 --set 'blocks[*].kernel_size=3' --set scaling.width=0.75`

    - `mbconv show mobilenet-v3-large --set scaling.width=0.75 --scaling`

    - `mbconv show mobilenet-v2 --set output_stride=16`
    """
    catalogue = user_catalogue(arch_dir or ())
    code = CodeOptions(tuple(arguments or ()), tuple(inputs or ()))
    opened = open_network(network, resolution=resolution, catalogue=catalogue, overrides=overrides or (), code=code)
    if output_format is Format.YAML:
        write_text(to_yaml(opened.spec, unicode=takes_unicode(output)), output)
    else:
        show(structure(opened, with_scaling=scaling), output_format, output, section)

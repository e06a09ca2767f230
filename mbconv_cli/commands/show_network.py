"""`mbconv show`."""

from __future__ import annotations

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.structure import structure
from mbconv_cli.commands.options import FormatOption, NetworkArgument, OutputOption, ResolutionOption, SetOption
from mbconv_cli.commands.output import show
from mbconv_cli.render.registry import Format


def show_command(
    network: NetworkArgument,
    resolution: ResolutionOption = None,
    overrides: SetOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Show a network's stage table as its paper prints it, and what it consists of.

    A row has the resolution that comes in and the channels that go out.

    Examples:
        mbconv show efficientnet-b0

        mbconv show ./mine.yaml --format markdown

        mbconv show efficientnet-b0 --set 'blocks[*].kernel_size=3' --set scaling.width=0.75
    """
    opened = open_network(network, resolution=resolution, overrides=overrides or ())
    show(structure(opened), output_format, output)

"""`mbconv show`."""

from __future__ import annotations

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.structure import structure
from mbconv_cli.commands.options import FormatOption, NetworkArgument, OutputOption, ResolutionOption
from mbconv_cli.commands.output import show
from mbconv_cli.render.registry import Format


def show_command(
    network: NetworkArgument,
    resolution: ResolutionOption = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Show a network's stage table, as its paper prints it.

    A row has the resolution that comes in and the channels that go out. Below is what the network consists of.

    For example:

    - `mbconv show efficientnet-b0`

    - `mbconv show ./mine.yaml --format markdown`
    """
    show(structure(open_network(network, resolution=resolution)), output_format, output)

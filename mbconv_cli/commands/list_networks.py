"""`mbconv list`."""

from __future__ import annotations

from mbconv_cli.analysis.listing import list_networks
from mbconv_cli.commands.options import FormatOption, OutputOption
from mbconv_cli.commands.output import show
from mbconv_cli.render.registry import Format


def list_command(output_format: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """Show every network that ships, with its parameters and MACs.

    For example:

    - `mbconv list`

    - `mbconv list --format csv -o networks.csv`
    """
    show(list_networks(), output_format, output)

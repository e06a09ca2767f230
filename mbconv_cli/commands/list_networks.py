"""`mbconv list`."""

from __future__ import annotations

from mbconv_cli.analysis.listing import list_networks
from mbconv_cli.commands.options import ArchDirOption, FormatOption, OutputOption, SectionOption
from mbconv_cli.commands.output import show
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue


def list_command(
    arch_dir: ArchDirOption = None,
    output_format: FormatOption = Format.AUTO,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Show every network that can be called by name, with its parameters and MACs.

    For example:

    - `mbconv list`

    - `mbconv list --format csv -o networks.csv`

    - `mbconv list --arch-dir ./architectures`
    """
    show(list_networks(user_catalogue(arch_dir or ())), output_format, output, section)

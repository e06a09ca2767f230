"""`mbconv env`."""

from __future__ import annotations

from mbconv_cli.analysis.environment import environment
from mbconv_cli.commands.options import FormatOption, OutputOption, SectionOption
from mbconv_cli.commands.output import show
from mbconv_cli.render.renderers import Format


def env_command(
    output_format: FormatOption = Format.AUTO, output: OutputOption = None, section: SectionOption = None
) -> None:
    """Show this machine, as reports carry it, and its devices.

    For example:

    - `mbconv env`

    - `mbconv env --format json`
    """
    show(environment(), output_format, output, section)

"""`mbconv explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from mbconv_cli.analysis.explain.explanation import explain
from mbconv_cli.analysis.explain.topics import TOPICS
from mbconv_cli.commands.options import ArchDirOption, FormatOption, OutputOption, SectionOption, complete_network
from mbconv_cli.commands.output import show
from mbconv_cli.render.renderers import Format
from mbconv_cli.spec.catalogue import user_catalogue


def complete_subject(incomplete: str) -> list[str]:
    """Topics and networks that begin so."""
    return [name for name in TOPICS if name.startswith(incomplete)] + complete_network(incomplete)


SubjectArgument = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT",
        help=f"A topic ({', '.join(TOPICS)}), a network, or NETWORK#BLOCK.",
        autocompletion=complete_subject,
        show_default=False,
    ),
]


def explain_command(
    subject: SubjectArgument,
    output_format: FormatOption = Format.AUTO,
    arch_dir: ArchDirOption = None,
    output: OutputOption = None,
    section: SectionOption = None,
) -> None:
    """Explain a topic, a network or a block: what it is, what its parts cost here, and why.

    Every figure is computed from the network itself.

    For example:

    - `mbconv explain mbconv`

    - `mbconv explain efficientnet-b0`

    - `mbconv explain 'mobilenet-v3-large#stages.4.0'`

    - `mbconv explain kernels`
    """
    show(explain(subject, user_catalogue(arch_dir or ())), output_format, output, section)
